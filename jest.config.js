/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // Nothing is timed: a test that hangs is to fail, and a slow machine is not to.
  testTimeout: 60_000,
  rootDir: '.',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  // The servers that `npm run test:versions` installs.
  modulePathIgnorePatterns: ['<rootDir>/test/postgres-versions/node_modules'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testRegex: '\\.(spec|test)\\.ts$',
  moduleFileExtensions: ['ts', 'js', 'json'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};
