'use strict';

const fs = require('node:fs');
const { codeFileOf, loadBundle } = require('../bin/load-bundle.js');

// `record-start.cjs <file> <arguments>`: runs a bundled program and, when it has ended well, keeps the code that V8 has
// made of it. What a start calls is compiled in it, and the rest only when it is called.

// With whoever started it, it ends as well.
process.stdin.once('end', () => process.exit(1)).resume();

const [file, ...args] = process.argv.slice(2);
const { exports: program, codeToKeep } = loadBundle(file);
program.main(args).then((status) => {
  if (status === 0) {
    const beside = `${codeFileOf(file)}.${process.pid}`;
    fs.writeFileSync(beside, codeToKeep());
    fs.renameSync(beside, codeFileOf(file));
  }
  process.exit(status);
});
