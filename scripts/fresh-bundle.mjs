import { isBundled } from './bundle-files.mjs';

/** Before jest runs: tests that start `zooserve` start the bundle, which after a bare `tsc` is older than the sources. */
export default async function freshBundle() {
  if (!isBundled()) await import('./bundle.mjs');
}
