import { runScript } from './run-script.mjs';
import { setUp } from './set-up.mjs';

// `built.mjs [--zookeeper] <program> [arguments]`: the set-up, with Apache ZooKeeper if so asked, then `main` of
// dist/<program>.js in this same process; it gets the arguments and returns the exit status. Servers that a program starts
// have processes of their own.

// As `zooserve` does for itself: what is measured beside it reports nothing either.
process.env.ORT_DISABLE_TELEMETRY = '1';

const [first, ...rest] = process.argv.slice(2);
const zookeeper = first === '--zookeeper';
const [program, ...args] = zookeeper ? rest : [first, ...rest];

const ready = await runScript(async (signal) => {
  await setUp({ signal, zookeeper });
  return 0;
});
if (ready) {
  const { main } = await import(`../dist/${program}.js`);
  process.exit(await main(args));
}
