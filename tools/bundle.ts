/** What is bundled, and how: the command line for Node, the engine for browsers. Writes nothing. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type OutputFile, type Plugin } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Bundle {
  /** Paths relative to the root of the package. */
  readonly files: readonly BundledFile[];
  readonly inputs: readonly string[];
}

export interface BundledFile {
  readonly path: string;
  readonly contents: Uint8Array;
}

/**
 * The command line: the launcher, a file for each face of the command line, and one for each part that few commands need.
 *
 * CommonJS and few files, because both are start-up time: importing Node's own modules as ESM costs milliseconds that `require` does not, and so
 * does every further file. So the engine is in every part that uses it: a process reads few of them, and the one for `verify-blob` alone.
 */
export async function bundleCli(): Promise<Bundle> {
  const apart = await Promise.all(
    KEPT_APART.map((part) =>
      run({ ...FOR_NODE, stdin: { contents: reexport(part.modules), resolveDir: ROOT }, entryNames: `dist/${part.name}`, plugins: [keepApart('.', part)] }),
    ),
  );
  const launcher = await run({
    ...FOR_NODE,
    entryPoints: [{ in: 'packages/cli/bin/assay.js', out: 'bin/assay' }],
    plugins: [keepApart('../dist')],
    define: { ...FOR_NODE.define, ASSAY_BUILD: JSON.stringify(nameOf(apart)) },
  });
  const bundles = [launcher, ...apart];
  return { files: bundles.flatMap(({ files }) => files), inputs: bundles.flatMap(({ inputs }) => inputs) };
}

/** What is kept compiled of these parts must not be taken for that of others. */
function nameOf(parts: readonly Bundle[]): string {
  const content = createHash('sha256');
  for (const { contents } of parts.flatMap(({ files }) => files)) content.update(contents);
  return content.digest('hex').slice(0, 16);
}

interface Part {
  readonly name: string;
  /** What importers write. */
  readonly imports: RegExp;
  readonly modules: readonly string[];
}

/**
 * Read when the first command needs them. Classes of ours must not be told apart by `instanceof` across these borders: errors have brands
 * (`isTrustError`), and the rest passes plain data. Verified values know only the engine that made them, so `@assay/slsa`, which judges them, is in
 * every part that verifies.
 */
const KEPT_APART: readonly Part[] = [
  { name: 'native', imports: /^\.\/native\/run\.ts$/, modules: ['./packages/cli/src/native/run.ts'] },
  {
    name: 'policy',
    imports: /^\.\/(?:policy\/(?:program|verify)|admission\/program)\.ts$/,
    modules: ['policy/program', 'policy/verify', 'admission/program'].map((one) => `./packages/cli/src/native/${one}.ts`),
  },
  {
    name: 'release',
    imports: /^\.\/(?:release\/program|verify-release)\.ts$/,
    modules: ['release/program', 'verify-release'].map((one) => `./packages/cli/src/native/${one}.ts`),
  },
  {
    name: 'lock',
    imports: /^\.\/lock\/(?:program|verify)\.ts$/,
    modules: ['lock/program', 'lock/verify'].map((one) => `./packages/cli/src/native/${one}.ts`),
  },
  ...['sbom', 'pin', 'lint', 'kit'].map((name) => ({
    name,
    imports: new RegExp(`^\\.\\/${name}\\/program\\.ts$`),
    modules: [`./packages/cli/src/native/${name}/program.ts`],
  })),
  { name: 'policy-tester', imports: /^\.\/policy-tester\/program\.ts$/, modules: ['./packages/cli/src/policy-tester/program.ts'] },
  { name: 'cosign', imports: /^\.\/cosign\/program\.ts$/, modules: ['./packages/cli/src/cosign/program.ts'] },
  { name: 'crane', imports: /^\.\/crane\/program\.ts$/, modules: ['./packages/cli/src/crane/program.ts'] },
  { name: 'imagetools', imports: /^\.\/imagetools\/program\.ts$/, modules: ['./packages/cli/src/imagetools/program.ts'] },
  { name: 'helm', imports: /^\.\/helm\/program\.ts$/, modules: ['./packages/cli/src/helm/program.ts'] },
  { name: 'slsa-verifier', imports: /^\.\/slsa-verifier\/program\.ts$/, modules: ['./packages/cli/src/slsa-verifier/program.ts'] },
  { name: 'gh', imports: /^\.\/gh\/program\.ts$/, modules: ['./packages/cli/src/gh/program.ts'] },
  { name: 'kyverno', imports: /^\.\/kyverno\/program\.ts$/, modules: ['./packages/cli/src/kyverno/program.ts'] },
  { name: 'oci', imports: /^@assay\/oci$/, modules: ['./packages/oci/src/index.ts'] },
  { name: 'chart', imports: /^@assay\/oci\/chart$/, modules: ['./packages/oci/src/chart/index.ts'] },
  { name: 'image', imports: /^@assay\/oci\/image$/, modules: ['./packages/oci/src/image/index.ts'] },
  { name: 'sign', imports: /^@assay\/sign$/, modules: ['./packages/sign/src/index.ts'] },
  { name: 'monitor', imports: /^@assay\/sign\/monitor$/, modules: ['./packages/sign/src/monitor/index.ts'] },
  { name: 'stack', imports: /^@assay\/stack$/, modules: ['./packages/stack/src/index.ts'] },
  { name: 'policy-engines', imports: /^@assay\/policy\/engines$/, modules: ['./packages/policy/src/engines/index.ts'] },
  // Started as a thread, by its path.
  { name: 'policy-worker', imports: /^\.\/policy-worker\.ts$/, modules: ['./packages/policy/src/engines/policy-worker.ts'] },
  { name: 'cluster-image-policy', imports: /^@assay\/policy\/cluster-image-policy$/, modules: ['./packages/policy/src/cluster-image-policy/index.ts'] },
  { name: 'trust', imports: /^@assay\/trust$/, modules: ['./packages/trust/src/index.ts'] },
  { name: 'prehashed', imports: /^\.\/prehashed\.ts$/, modules: ['./packages/core/src/prehashed.ts'] },
  { name: 'sha1', imports: /^@noble\/hashes\/legacy\.js$/, modules: ['@noble/hashes/legacy.js'] },
  { name: 'jq', imports: /^jq-wasm\/inline$/, modules: ['jq-wasm/inline'] },
  // Whole packages of others; openpgp is LGPL, and stays a file that one can replace.
  ...['commander', 'jose', 'openid-client', 'openpgp', 're2js', 'tar-stream', 'yaml'].map((name) => ({
    name,
    imports: new RegExp(`^${name}$`),
    modules: [name],
  })),
];

function reexport(modules: readonly string[]): string {
  return modules.map((module) => `export * from ${JSON.stringify(module)};`).join('\n');
}

/** `folder` is where the parts lie, seen from the importing file; `self` is the part being built, which is not kept apart from itself. */
function keepApart(folder: string, self?: Part): Plugin {
  return {
    name: 'keep-apart',
    setup({ onResolve }) {
      for (const part of KEPT_APART) {
        if (part !== self) onResolve({ filter: part.imports }, () => ({ path: `${folder}/${part.name}.js`, external: true }));
      }
    },
  };
}

/** `@assay/core` for browsers, as one file. Fails when anything of Node is in it. */
export async function bundleCore(): Promise<Bundle> {
  const traps = Object.fromEntries(NODE_GLOBALS.map((name) => [name, `__node_${name}`]));
  const bundle = await run({
    ...COMMON,
    platform: 'browser', // a Node builtin does not resolve
    target: 'es2023',
    entryPoints: [{ in: 'packages/core/src/index.ts', out: 'core' }],
    define: traps,
  });
  const code = bundle.files.map(({ contents }) => Buffer.from(contents).toString()).join('\n');
  const used = Object.values(traps).filter((trap) => new RegExp(`(?<!typeof )\\b${trap}\\b`).test(code));
  if (used.length > 0) throw new Error(`the browser bundle of @assay/core uses ${used.join(', ')}`);
  const polyfills = bundle.inputs.filter((path) => /node_modules\/(?:buffer|process|events|[^/]*-browserify|[^/]*polyfill[^/]*)\//.test(path));
  if (polyfills.length > 0) throw new Error(`the browser bundle of @assay/core contains polyfills: ${polyfills.join(', ')}`);
  return bundle;
}

const COMMON = {
  absWorkingDir: ROOT,
  outdir: ROOT,
  bundle: true,
  minify: true,
  format: 'esm',
  charset: 'utf8',
  legalComments: 'none', // THIRD-PARTY-NOTICES.md has them whole
  write: false,
  metafile: true,
  logLevel: 'silent',
} as const satisfies BuildOptions;

const FOR_NODE = {
  ...COMMON,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  supported: { 'dynamic-import': false }, // as `require`, when it is reached
  // What @cyclonedx/cyclonedx-library asks for and goes without: XML, and validation.
  external: ['xmlbuilder2', 'libxmljs2', 'ajv', 'ajv-formats', 'ajv-formats-draft2019'],
  define: { 'import.meta.url': '__url' },
  banner: { js: 'const __url = require("node:url").pathToFileURL(__filename).href;' },
} as const satisfies BuildOptions;

const NODE_GLOBALS = ['Buffer', 'process', 'global', 'require', 'setImmediate', '__dirname', '__filename'];

async function run(options: BuildOptions): Promise<Bundle> {
  const { outputFiles = [], metafile } = await build(options);
  return { files: outputFiles.map(bundledFile), inputs: inputsOf(metafile as Metafile) };
}

/**
 * In ASCII: V8 keeps a source with any other character at two bytes each, and so reads twice as much. esbuild's own setting leaves them in regular
 * expressions; an escape means the same there, and in strings.
 */
function bundledFile({ path, text }: OutputFile): BundledFile {
  const escaped = text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return { path: path.slice(ROOT.length), contents: Buffer.from(escaped) };
}

/** What really arrived in the output: tree shaking leaves some inputs without a byte. */
function inputsOf({ outputs }: Metafile): string[] {
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0));
  return [...new Set(used.map(([path]) => path))].sort();
}

/** The version that everything is published under. */
export function version(): string {
  return (JSON.parse(readFileSync(`${ROOT}packages/cli/package.json`, 'utf8')) as { version: string }).version;
}
