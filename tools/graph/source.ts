/**
 * What a source file imports and which globals it touches, as esbuild's parser sees it: comments, strings and local names
 * that happen to look like an import or a global do not confuse it.
 */
import { readFileSync } from 'node:fs';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

export interface SourceFacts {
  readonly imports: readonly string[];
  /** e.g. `console`, `process.stdout`, `Date.now`, `new Date` (without arguments). */
  readonly globals: readonly string[];
}

/** One pass over all files. Types count as imports: an arrow in the types is an arrow. */
export async function readSources(files: readonly string[]): Promise<Map<string, SourceFacts>> {
  const facts = new Map<string, SourceFacts>();
  if (files.length === 0) return facts;
  const { outputFiles = [], metafile } = await build({ ...OPTIONS, entryPoints: [...files] });
  const code = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const { inputs, outputs } = metafile as Metafile;
  for (const [output, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint === undefined) continue;
    const imports = inputs[entryPoint]?.imports.map(({ path }) => path) ?? [];
    facts.set(`/${entryPoint}`, { imports: [...new Set(imports)], globals: globalsIn(code.get(`/${output}`) ?? '') });
  }
  return facts;
}

/** Names that the code leaves free come out marked; the parser knows which are shadowed. */
const MARK = '__free_';
const GLOBAL_OBJECTS = ['globalThis', 'self', 'window'];
const FREE = [
  'console',
  'process',
  'Buffer',
  'Date',
  'Math',
  'performance',
  'fetch',
  ...GLOBAL_OBJECTS,
  'XMLHttpRequest',
  'WebSocket',
  'EventSource',
  'setTimeout',
  'setInterval',
];

/** Everything is external, so that each file stays alone; type-only imports are made real ones before parsing. */
const keepTypeImports: Plugin = {
  name: 'keep type imports',
  setup(setup) {
    setup.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/^(import|export) type (?=[\w*{][^=]*?\bfrom\b)/gm, '$1 '),
      loader: 'ts',
    }));
    setup.onResolve({ filter: /.*/ }, ({ path, kind }) => (kind === 'entry-point' ? undefined : { path, external: true }));
  },
};

const OPTIONS = {
  absWorkingDir: '/',
  outdir: '/graph-out',
  outbase: '/',
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'neutral',
  target: 'esnext',
  treeShaking: false,
  logLevel: 'silent',
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  define: Object.fromEntries(FREE.map((name) => [name, `${MARK}${name}`])),
  plugins: [keepTypeImports],
} satisfies BuildOptions;

function globalsIn(code: string): string[] {
  const found = new Set<string>();
  for (const [, first = '', members = ''] of code.matchAll(new RegExp(`${MARK}(\\w+)((?:\\??\\.\\w+)*)`, 'g'))) {
    const path = [first, ...members.split(/\??\./).slice(1)];
    const [name = '', member] = GLOBAL_OBJECTS.includes(first) ? path.slice(1) : path;
    found.add(name);
    if (member !== undefined) found.add(`${name}.${member}`);
  }
  // Without arguments, or without `new`, Date is a clock.
  if (new RegExp(`new ${MARK}Date\\(\\)|(?<!new )\\b${MARK}Date\\(`).test(code)) found.add('new Date');
  return [...found];
}
