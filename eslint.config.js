import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'data/'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ['*.js', 'src/docs/*.js', 'src/ops/page/*.js', 'test/support/*.js'],
        },
      },
    },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Parts are objects of closures; none of their methods reads `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Adapters over synchronous engines answer with promises because the port does.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['test/**', 'bench/**'],
    rules: {
      // supertest's bodies are `any`, and jest's matchers check them.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['bench/**', 'examples/**'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: { process: 'readonly', require: 'readonly', __dirname: 'readonly' },
    },
    extends: [tseslint.configs.disableTypeChecked],
  },
  {
    files: ['src/docs/in-browser.js', 'src/ops/page/in-browser.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'clearTimeout',
          'document',
          'EventSource',
          'fetch',
          'getSelection',
          'Headers',
          'HTMLDetailsElement',
          'location',
          'matchMedia',
          'setTimeout',
          'URL',
          'window',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
