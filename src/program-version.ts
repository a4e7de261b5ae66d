import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version of this program, from its package.json. */
export function programVersion(): string {
  // From dist/src, which is where this runs, published or not.
  const description: unknown = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'));
  if (typeof description === 'object' && description !== null && 'version' in description) {
    return String(description.version);
  }
  return 'unknown';
}
