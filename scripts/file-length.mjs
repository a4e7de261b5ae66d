import fs from 'node:fs';
import { root } from './project.mjs';

// A file past this length holds two ideas: look for the second one.
const MOST_LINES = 250;
const SOURCE = /\.([cm]?[jt]s|py)$/;
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', '__pycache__']);

function sourcesBelow(folder) {
  return fs.readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}${entry.name}`;
    if (entry.isDirectory())
      return NOT_OURS.has(entry.name) || /^\..+/.test(entry.name) ? [] : sourcesBelow(`${name}/`);
    return entry.isFile() && SOURCE.test(entry.name) ? [name] : [];
  });
}

for (const file of sourcesBelow('')) {
  const lines = fs.readFileSync(`${root}/${file}`, 'utf8').split('\n').length - 1;
  if (lines <= MOST_LINES) continue;
  console.error(
    `${file}: ${lines} lines, and ${MOST_LINES} is the most. Which of its ideas wants a file of its own?`,
  );
  process.exitCode = 1;
}
