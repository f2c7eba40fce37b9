import { redisProgram } from './test/support/redis-life.ts';

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

/**
 * Flow tests that run on every engine: what they promise is kept by the store, such as a saved list, a charge, the age of an
 * account, an Idempotency-Key. All other tests run once, on memory, or name the store that they are about: compression,
 * headers, directives, bounds, the breaker and polls never reach the store, and `test/contract` holds each engine to its port.
 */
const ON_EVERY_ENGINE = [
  'accounts-view',
  'add-contacts-at-once',
  'add-contacts-clocks',
  'add-contacts-failures',
  'add-contacts-idempotency',
  'add-contacts-quotas',
  'contacts-list-admin',
  'contacts-list-late-answer',
  'contacts-list-saved',
  'engine',
  'journal',
];

/** `test/support/engine.ts` gives each gateway its store. */
const onEngine = (engine, names = ON_EVERY_ENGINE) => ({
  ...project,
  displayName: `on ${engine}`,
  globals: { TEST_ENGINE: engine },
  roots: ['<rootDir>/test/flow'],
  testMatch: names.map((name) => `**/${name}.test.ts`),
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
      testPathIgnorePatterns: ['/node_modules/', '/test/browser/'],
    },
    // Without Chromium they are skipped; CI requires it.
    {
      ...project,
      displayName: 'browser',
      globals: { TEST_ENGINE: 'memory' },
      roots: ['<rootDir>/test/browser'],
    },
    onEngine('sqlite'),
    // Without a Redis to start, `engine` says so: it is skipped, or fails if CI requires one.
    onEngine('redis', redisProgram === undefined ? ['engine'] : ON_EVERY_ENGINE),
  ],
  testSequencer: '<rootDir>/test/support/slow-first.js',
  reporters: ['default', '<rootDir>/test/support/closing-line.js'],
  // Most tests wait for sockets, so more of them than there are cores run at once. With more than four, a browser among
  // them, a Redis may get no processor for so long that it counts as down.
  maxWorkers: 4,
  // Only against hanging, however much else the machine has to do.
  testTimeout: 120_000,
  // A worker has nothing to do any more when it is told to end, but giving its memory back can take longer than the
  // half second after which it would be said to leak.
  workerGracefulExitTimeout: 15_000,
};
