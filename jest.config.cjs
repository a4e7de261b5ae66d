const { availableParallelism } = require('node:os');

// Jest runs what tsc built: worker threads load built JavaScript, so the tests load the same files. Tests that start
// `zooserve` as a process start the bundle of the same sources.
module.exports = {
  rootDir: 'dist',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.js'],
  testEnvironment: 'node',
  transform: {},
  testTimeout: 90_000,
  globalSetup: require.resolve('./scripts/jest-set-up.mjs'),
  globalTeardown: '<rootDir>/test/support/end-shared-zookeeper.js',
  // Many test files run servers and replicas beside themselves, and wait for them: half of a large machine, and one more
  // than there are cores on a small one.
  maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
};
