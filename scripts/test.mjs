import fs from 'node:fs';
import { run } from './child.mjs';
import { root, stateDirectory } from './project.mjs';
import { readIfThere } from './read-if-there.mjs';
import { runScript } from './run-script.mjs';
import { setUp } from './set-up.mjs';
import { runStaticChecks } from './static-checks.mjs';

// `npm test`: the set-up, the static checks, every test; with arguments, jest alone, which gets them.

// As the program does for itself: jest's own process.env is a copy that native code does not see.
process.env.ORT_DISABLE_TELEMETRY = '1';

const args = process.argv.slice(2);
const totalsFile = `${stateDirectory}/totals`;
const jestReport = `${stateDirectory}/jest.json`;

await runScript(async (signal) => {
  fs.mkdirSync(stateDirectory, { recursive: true });
  for (const file of [totalsFile, jestReport]) fs.rmSync(file, { force: true });
  await setUp({ signal, zookeeper: true });
  const everything = args.length === 0;
  // Tests wait a lot, for timeouts that are theirs: the checks take what they leave of the processor.
  const [tests, checks] = await Promise.all([
    runJest(signal, everything),
    everything ? runStaticChecks(signal) : { passed: 0, failed: 0, lines: [] },
  ]);
  for (const line of checks.lines) console.log(line);
  const failed = checks.failed + tests.failed;
  const totals = `${checks.passed + tests.passed} passed, ${failed} failed`;
  fs.writeFileSync(totalsFile, `${totals}\n`);
  console.log(totals);
  return failed === 0 ? 0 : 1;
});

/** A suite that does not load counts as one failure, and so does jest's own; a full run leaves no test out. */
async function runJest(signal, everything) {
  const jest = [process.execPath, `${root}/node_modules/jest/bin/jest.js`];
  const { ok } = await run([...jest, '--json', `--outputFile=${jestReport}`, ...args], {
    signal,
    show: true,
  });
  const report = JSON.parse(readIfThere(jestReport) ?? '{}');
  const passed = report.numPassedTests ?? 0;
  const skipped = everything ? (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0) : 0;
  if (skipped > 0) console.error(`${skipped} tests are skipped or to be written: that is not allowed here.`);
  const failed = (report.numFailedTests ?? 0) + (report.numRuntimeErrorTestSuites ?? 0) + skipped;
  return { passed, failed: failed === 0 && !ok ? 1 : failed };
}
