/**
 * `npm run build`: makes `dist/package/` and `dist/assay-VERSION.tgz`, and says how large the engine is in a browser.
 *
 * The same sources give the same bytes: no time, no path of this machine, file order sorted by npm.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { NODE_RANGE } from '../packages/cli/bin/node-range.js';
import { bundleCli, bundleCore, ROOT, version } from './bundle.ts';
import { notices } from './notices.ts';

export interface Built {
  readonly tarball: string;
  readonly folder: string;
}

/** @param out where to; `dist` of the checkout by default */
export async function buildPackage(out = join(ROOT, 'dist')): Promise<Built> {
  const folder = join(out, 'package');
  rmSync(folder, { recursive: true, force: true });
  const { files, inputs } = await bundleCli();
  for (const { path, contents } of files) write(join(folder, path), contents);
  chmodSync(join(folder, 'bin/assay.js'), 0o755);
  write(join(folder, 'package.json'), `${JSON.stringify(manifest(), undefined, 2)}\n`);
  write(join(folder, 'THIRD-PARTY-NOTICES.md'), notices(inputs));
  for (const name of ENGINE_FILES) write(join(folder, 'engine', name), readFileSync(join(ROOT, 'packages/policy/engine', name)));
  for (const name of ['LICENSE', 'README.md']) write(join(folder, name), readFileSync(join(ROOT, name)));
  return { folder, tarball: pack(folder, out) };
}

/** CUE and Rego as they are checked in (tools/engine), with the licences of what is linked into them. */
const ENGINE_FILES = ['engine.wasm.br', 'engine.json', 'THIRD-PARTY-NOTICES.md'];

/** Bytes of the browser bundle of `@assay/core`. */
export async function coreSize(): Promise<{ minified: number; gzipped: number }> {
  const { files } = await bundleCore();
  const code = Buffer.concat(files.map(({ contents }) => contents));
  return { minified: code.length, gzipped: gzipSync(code, { level: 9 }).length };
}

function write(path: string, contents: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents, { mode: 0o644 });
}

function manifest(): object {
  return {
    name: 'assay',
    version: version(),
    description: 'Verifies software provenance, and shows the proof.',
    license: 'Apache-2.0',
    type: 'commonjs',
    bin: { assay: 'bin/assay.js' },
    engines: { node: NODE_RANGE },
    // Native code, for keys on tokens only: it cannot be bundled, and where it cannot be built all else works.
    optionalDependencies: optionalDependencies('sign'),
  };
}

function optionalDependencies(name: string): Readonly<Record<string, string>> {
  const { optionalDependencies: found } = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')) as {
    optionalDependencies: Readonly<Record<string, string>>;
  };
  return found;
}

function pack(folder: string, out: string): string {
  execFileSync('npm', ['pack', folder, '--pack-destination', out, '--ignore-scripts', '--loglevel=error'], {
    cwd: out,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(out, `assay-${version()}.tgz`);
}

if (import.meta.main) {
  const { tarball, folder } = await buildPackage();
  const size = await coreSize();
  const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
  console.log(`${tarball.slice(ROOT.length)}: ${kib(statSync(tarball).size)}, unpacked in ${folder.slice(ROOT.length)}`);
  console.log(`@assay/core for browsers: ${kib(size.minified)} minified, ${kib(size.gzipped)} with gzip`);
}
