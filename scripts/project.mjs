import { fileURLToPath } from 'node:url';

/** The folder of this clone, without a trailing slash. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** What the set-up keeps between runs: its lock and the last test totals. Safe to delete when nothing runs. */
export const stateDirectory = `${root}/.bootstrap`;
