'use strict';

const crypto = require('crypto');
const fs = require('fs');
const Module = require('module');
const path = require('path');
const vm = require('vm');

/**
 * Runs a bundled program as `require` would and returns its exports. Beside it may lie the code that V8 made of it
 * during an earlier start, which saves a quarter of this one: it is taken when it is of the very same text and, which
 * V8 looks after, of the same V8 with the same flags. `codeToKeep()` is what such a file holds, after this start.
 *
 * @param {string} file absolute; a CommonJS module without `import()`
 * @returns {{ exports: { main: (args: string[]) => Promise<number> }, codeTaken: boolean, codeToKeep: () => Buffer }}
 */
function loadBundle(file) {
  const source = fs.readFileSync(file);
  const digest = crypto.createHash('sha256').update(source).digest();
  const script = new vm.Script(Module.wrap(source.toString('utf8')), {
    filename: file,
    cachedData: codeOf(digest, codeFileOf(file)),
  });
  const program = { exports: {} };
  const run = script.runInThisContext();
  run(program.exports, Module.createRequire(file), program, file, path.dirname(file));
  return {
    exports: program.exports,
    codeTaken: script.cachedDataRejected === false,
    codeToKeep: () => Buffer.concat([digest, script.createCachedData()]),
  };
}

/** Where V8's code of a bundled program is. */
const codeFileOf = (file) => `${file}.code`;

function codeOf(digest, file) {
  if (!fs.existsSync(file)) return undefined;
  const kept = fs.readFileSync(file);
  return kept.subarray(0, digest.length).equals(digest) ? kept.subarray(digest.length) : undefined;
}

module.exports = { codeFileOf, loadBundle };
