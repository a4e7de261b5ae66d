const { availableParallelism } = require('node:os');

// Jest runs what tsc built: worker threads load built JavaScript, so the tests load the same files.
module.exports = {
  rootDir: 'dist',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.js'],
  testEnvironment: 'node',
  transform: {},
  testTimeout: 90_000,
  // Many test files run a ZooKeeper beside themselves: half of a large machine, both cores of a small one.
  maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
};
