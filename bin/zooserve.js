#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=4194304 node
'use strict';

// Starts the built program; it builds nothing itself, so that a deployed copy never writes to its own folder.
// Everything in this file can be read by a Node.js that is too old, to be told so. The variable above keeps
// memory flat while models come and go (docs/operations.md, "Memory"); glibc reads it only as a process starts.

const fs = require('fs');
const path = require('path');

const home = path.join(__dirname, '..');
const bundle = path.join(home, 'dist', 'bundle', 'zooserve.js');
const program = programFile();

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(
    `zooserve needs Node.js 20 or newer; this is ${process.versions.node} (${process.execPath}).`,
  );
  process.exitCode = 1;
} else if (program === undefined) {
  console.error(
    `zooserve is not built yet. In ${home}, run one of:\n` +
      '  npm start        build, and serve the sample models with a ZooKeeper of its own\n' +
      '  npm run build    build',
  );
  process.exitCode = 1;
} else {
  void start(program)
    .main(process.argv.slice(2))
    .then((status) => {
      process.exitCode = status;
    });
}

function start(file) {
  return file === bundle ? require('./load-bundle').loadBundle(file).exports : require(file);
}

/** The bundle, which starts in half the time; what tsc built where that is newer or all there is, while developing. */
function programFile() {
  const modules = path.join(home, 'dist', 'src', 'cli', 'main.js');
  const bundled = changedAt(bundle);
  if (bundled > 0 && bundled >= changedAt(path.join(home, 'dist', '.tsbuildinfo'))) return bundle;
  return fs.existsSync(modules) ? modules : undefined;
}

/** ms since 1970; 0 for a file that is not there. */
function changedAt(file) {
  return fs.existsSync(file) ? fs.statSync(file).mtimeMs : 0;
}
