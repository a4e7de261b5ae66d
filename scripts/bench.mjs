import { runScript } from './run-script.mjs';
import { setUp } from './set-up.mjs';

// `npm run bench`: the set-up, then the measurements in this same process; the servers have processes of their own.

// As the program does for itself: what is measured beside it reports nothing either.
process.env.ORT_DISABLE_TELEMETRY = '1';

const ready = await runScript(async (signal) => {
  await setUp({ signal, zookeeper: true });
  return 0;
});
if (ready) {
  const { main } = await import('../dist/bench/main.js');
  process.exit(await main(process.argv.slice(2)));
}
