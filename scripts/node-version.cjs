// Loaded before a script (`node -r`): ends the process with a clear message on a Node.js that is too old even to read the
// script. Keep to syntax that any version can read.
const oldest = 20;

if (!(Number(process.versions.node.split('.')[0]) >= oldest)) {
  process.stderr.write(
    `ZooServe needs Node.js ${oldest} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      `Install a newer one from https://nodejs.org, or switch with your version manager: nvm install ${oldest}\n`,
  );
  process.exit(1);
}
