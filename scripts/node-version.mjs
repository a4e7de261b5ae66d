/**
 * Imported before anything else by every script: ends the process with a clear message on a Node.js that is too
 * old. Keep to syntax and imports that old versions can read.
 */
const oldest = 20;
const major = Number(process.versions.node.split('.')[0]);

if (!(major >= oldest)) {
  process.stderr.write(
    `ZooServe needs Node.js ${oldest} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      `Install a newer one from https://nodejs.org, or switch with your version manager: nvm install ${oldest}\n`,
  );
  process.exit(1);
}
