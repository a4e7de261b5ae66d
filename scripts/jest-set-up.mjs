import { createRequire } from 'node:module';
import { isBundled } from './bundle-files.mjs';

const require = createRequire(import.meta.url);

/**
 * Jest's globalSetup. Tests that start `zooserve` start the bundle, which after a bare `tsc` is older than the sources. Then
 * starts the server that tests share, in the module that jest's globalTeardown ends it by.
 */
export default async function jestSetUp() {
  if (!isBundled()) await import('./bundle.mjs');
  await require('../dist/test/support/share-zookeeper.js').default();
}
