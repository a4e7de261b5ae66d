import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { bundleFolder, noticesFile, PROGRAMS } from './bundle-files.mjs';
import { root } from './project.mjs';
import { recordStart } from './record-start.mjs';

/**
 * `node scripts/bundle.mjs`: each program with all that it imports in one file of dist/bundle, since to find and read some
 * 400 files is most of what a start takes. The sources are those that tsc checks. What a program imports with
 * `import()` is in the file as well, and runs when it is asked for. Names and lines stay readable, for stack traces.
 */
const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: PROGRAMS,
  outdir: bundleFolder,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // The one finds its native library beside itself; the other is large, and few models need it.
  external: ['onnxruntime-node', 'ajv'],
  // For Node.js its package names modules of which nothing can be left out, in JavaScript of 2009.
  alias: { rxjs: path.join(root, 'node_modules/rxjs/dist/esm/index.js') },
  metafile: true,
  write: false,
  logLevel: 'warning',
});
fs.mkdirSync(bundleFolder, { recursive: true });
for (const { path: file, contents } of outputFiles) replace(file, contents);
replace(noticesFile, notices(Object.keys(metafile.inputs)));
await recordStart(`${bundleFolder}/zooserve.js`);

/** At once, so that a program that starts meanwhile reads the whole of the old one or of the new one. */
function replace(file, contents) {
  const beside = `${file}.${process.pid}`;
  fs.writeFileSync(beside, contents);
  fs.renameSync(beside, file);
}

/** The licences of the packages that are copied into the bundle ask to go with it. */
function notices(inputs) {
  const packages = new Set(
    inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []),
  );
  return [...packages]
    .sort()
    .map(notice)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function notice(folder) {
  const { name, version, license } = JSON.parse(
    fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'),
  );
  const texts = fs
    .readdirSync(path.join(root, folder))
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => fs.readFileSync(path.join(root, folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...texts].join('\n\n').concat('\n');
}
