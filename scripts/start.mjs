import { runScript } from './run-script.mjs';
import { setUp } from './set-up.mjs';

// `npm start`: the set-up, then `zooserve dev` in this same process, so that a signal reaches it without a relay.

// Between the set-up and the moment that `dev` listens itself there is nothing to close.
process.on('SIGTERM', () => {
  if (process.listenerCount('SIGTERM') === 1) process.exit();
});

const ready = await runScript(
  async (signal) => {
    await setUp({ signal, zookeeper: true });
    return 0;
  },
  { whenEnded: 0 },
);
if (ready) {
  const { main } = await import('../dist/bundle/zooserve.js');
  process.exitCode = await main(['dev', ...process.argv.slice(2)]);
}
