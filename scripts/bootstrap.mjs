import { runScript } from './run-script.mjs';
import { setUp } from './set-up.mjs';

// `npm run build`: dependencies and build, no more than what has changed.
await runScript(async (signal) => {
  await setUp({ signal });
  return 0;
});
