import { runScript } from './run-script.mjs';
import { setUp } from './set-up.mjs';

// `npm run faults`: the set-up, then the faults in this same process; servers and replicas have processes of their own.

const ready = await runScript(async (signal) => {
  await setUp({ signal, zookeeper: true });
  return 0;
});
if (ready) {
  const { main } = await import('../dist/test/faults/measured/main.js');
  process.exit(await main(process.argv.slice(2)));
}
