import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';

/**
 * The import rule of the house: `cli → tasks → engine → cache`; `stats` and `genotypes` are leaves.
 * A room may import itself and what stands in its list, nothing else.
 */
const mayImport = {
  cache: [],
  engine: ['cache'],
  stats: [],
  genotypes: ['stats'],
  ukb: [],
  tasks: ['engine/task', 'cache', 'stats', 'genotypes', 'ukb'],
  cli: ['engine', 'tasks', 'cache', 'stats'],
};
const rooms = Object.keys(mayImport);

const zones = rooms.flatMap((room) =>
  rooms
    .filter((other) => other !== room)
    .flatMap((other) => {
      const allowed = mayImport[room].filter((entry) => entry.split('/')[0] === other);
      if (allowed.includes(other)) return [];
      return [
        {
          target: `./${room}`,
          from: `./${other}`,
          except: allowed.map((entry) => `./${entry.slice(other.length + 1)}.ts`),
          message: `${room}/ may import ${mayImport[room].join(', ') || 'nothing of ours'}; see the import rule in ARCHITECTURE.md.`,
        },
      ];
    }),
);

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '**/results/', 'coverage/', '**/.cohortflow/', 'test/**/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        importX.createNodeResolver({ extensions: ['.ts'], extensionAlias: { '.js': ['.ts', '.js'] } }),
      ],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['eslint.config.js'], ...tseslint.configs.disableTypeChecked },
);
