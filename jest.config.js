/** @type {import('jest').Config} */
const project = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
        module: { type: 'es6' },
      },
    ],
  },
};

/** What must be so on every engine is run on each; `test/support/engine.ts` gives a gateway the one that is meant. */
const onEngine = (engine) => ({
  ...project,
  displayName: `on ${engine}`,
  globals: { TEST_ENGINE: engine },
  roots: ['<rootDir>/test/flow'],
  testMatch: ['contacts-list-*', 'add-contacts-*', 'engine'].map((name) => `**/${name}.test.ts`),
  testPathIgnorePatterns: ['contacts-list-shrinks', 'add-contacts-quota-model'],
});

/** @type {import('jest').Config} */
export default {
  projects: [
    {
      ...project,
      displayName: 'gewe-gateway',
      globals: { TEST_ENGINE: 'memory' },
      roots: ['<rootDir>/test'],
      testMatch: ['**/*.test.ts'],
    },
    onEngine('sqlite'),
    onEngine('redis'),
  ],
  reporters: ['default', '<rootDir>/test/support/closing-line.js'],
  // The tests mostly wait for sockets, so more of them than there are cores go on at once.
  maxWorkers: 4,
  // Only against hanging, however much else the machine has to do.
  testTimeout: 120_000,
  // A worker has nothing to do any more when it is told to end, but giving its memory back can take longer than the
  // half second after which it would be said to leak.
  workerGracefulExitTimeout: 15_000,
};
