import tseslint from 'typescript-eslint';
import rxjsX from 'eslint-plugin-rxjs-x';

const nodeGlobals = Object.fromEntries(
  ['AbortController', 'Buffer', 'URL', 'console', 'performance', 'process'].map((name) => [name, 'readonly']),
);

/** In Node.js 20 it may never abort. */
const noAbortSignalAny = {
  object: 'AbortSignal',
  property: 'any',
  message: 'Use anySignal of src/any-signal.ts.',
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'models/', 'coverage/', '.zooserve/', 'test/fixtures/'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, rxjsX.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-properties': ['error', noAbortSignalAny],
      // An observable's name ends in `$` (docs/architecture.md).
      'rxjs-x/finnish': [
        'error',
        {
          functions: false,
          methods: false,
          parameters: true,
          properties: true,
          variables: true,
          strict: false,
          // Functions that make observables, by the names that RxJS itself gives them.
          names: { '^(project|cold|hot)$': false },
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // An error that nobody expects is thrown by RxJS and fails the test.
      'rxjs-x/no-ignored-error': 'off',
    },
  },
  {
    // The settings are parsed once, in src/settings.ts; src/embedded asks where Java and ZooKeeper are installed,
    // and ONNX Runtime is told something.
    files: ['src/**/*.ts'],
    ignores: ['src/settings.ts', 'src/embedded/**', 'src/any-signal.ts', 'src/inference/start-worker.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        noAbortSignalAny,
        { object: 'process', property: 'env', message: 'Take a value of src/settings.ts.' },
      ],
      'no-restricted-imports': [
        'error',
        { paths: ['process', 'node:process'].map((name) => ({ name, message: 'Use the global process.' })) },
      ],
    },
  },
  {
    files: ['src/any-signal.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    extends: [tseslint.configs.recommended],
    languageOptions: { globals: nodeGlobals },
    rules: {
      'no-undef': 'error',
      'no-dupe-keys': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.cjs', 'bin/*.js'],
    languageOptions: { globals: { require: 'readonly', module: 'writable', __dirname: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
