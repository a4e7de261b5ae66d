// The direction of imports (docs/architecture.md): each room, and the rooms that it may import besides itself and the
// leaves, which are the files directly in src/ (runtime.ts apart). A type counts as an import.
const ROOMS = {
  streams: [],
  coordination: ['streams'],
  registry: ['streams', 'coordination'],
  inference: [],
  embedded: [],
  state: ['streams', 'registry'],
  handlers: ['streams', 'registry', 'inference', 'state'],
  server: ['handlers'],
  cli: ['registry', 'inference', 'embedded', 'runtime'],
};

const LEAVES = '^src/(?!runtime[.])[^/]+$';
const PROGRAMS = '^src/(cli/main|inference/worker/model-worker)[.]ts$';
/** What package.json exports: all that others may import. */
const PUBLIC = '^src/(streams|coordination)/public[.]ts$';
const OUR_CODE = '^(src|bin|bench|examples)/';

const place = (room) => (room === 'runtime' ? '^src/runtime[.]ts$' : `^src/${room}/`);

const rooms = Object.entries(ROOMS).map(([room, others]) => ({
  name: `${room}-imports-only-${others.join('-') || 'leaves'}`,
  comment: `src/${room} may import the leaves${others.map((other) => `, ${other}`).join('')}`,
  severity: 'error',
  from: { path: place(room) },
  to: { path: '^src/', pathNot: [LEAVES, place(room), ...others.map(place)] },
}));

/** Only this room, and tests and measurements, may know the package. */
const onlyIn = (room, name) => ({
  name: `${name}-only-in-${room}`,
  comment: `${name} is wrapped by src/${room}: use that`,
  severity: 'error',
  from: { path: '^(src|examples)/', pathNot: place(room) },
  to: { path: `(^|/)node_modules/(@types/)?${name}(/|$)` },
});

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: 'leaves-import-only-leaves',
      comment: 'a file directly in src/ is imported by every room, so it imports none',
      severity: 'error',
      from: { path: LEAVES },
      to: { path: '^src/', pathNot: LEAVES },
    },
    {
      name: 'runtime-is-below-cli',
      comment: 'commands start the runtime, not the other way round',
      severity: 'error',
      from: { path: place('runtime') },
      to: { path: place('cli') },
    },
    {
      name: 'every-folder-is-a-room',
      comment: 'a new folder of src/ gets its line in the table of rooms above',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+/', pathNot: Object.keys(ROOMS).map(place) },
    },
    {
      name: 'product-imports-no-tests',
      comment: 'src/ is published without test/, bench/, examples/ and scripts/',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
    onlyIn('streams', 'node-zookeeper-client'),
    onlyIn('inference', 'onnxruntime-node'),
    {
      name: 'no-cycles',
      comment: 'two files that import one another are one idea, or hide a third',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-dev-dependencies-in-the-product',
      comment: 'it would be missing where only dependencies are installed',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-are-declared',
      comment: 'imported, but not in package.json, or not to be found',
      severity: 'error',
      from: { path: `${OUR_CODE}|^test/` },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'resolvable',
      comment: 'the imported file does not exist',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'not-unused',
      comment: 'neither a program nor what package.json exports leads to this file',
      severity: 'error',
      from: { path: `${PROGRAMS}|${PUBLIC}` },
      to: { path: '^src/', pathNot: [PROGRAMS, PUBLIC, '[.]d[.]ts$'], reachable: false },
    },
    {
      name: 'public-names-are-for-others',
      comment: 'inside, import the file that has what you need',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: PUBLIC },
    },
    {
      name: 'examples-use-public-names',
      comment: 'an example shows what others can do: import zooserve/streams or zooserve/coordination',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^src/', pathNot: PUBLIC },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|models)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'types'] },
    skipAnalysisNotInRules: true,
  },
};
