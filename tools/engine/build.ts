/**
 * Builds the policy engine from this folder into `packages/policy/engine/`. Needs Go, which fetches the pinned toolchain and the modules of go.sum.
 *
 * The same sources give the same module, byte for byte, on any machine: no path, time, version control or host library enters it. With `--check` nothing is
 * written: the module is built anew and must be the one that is checked in.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { limitMemory } from './limit-memory.ts';
import { goNotices } from './notices.ts';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const RESULT = fileURLToPath(new URL('../../packages/policy/engine/', import.meta.url));
const MAX_MEMORY_BYTES = 1024 * 1024 * 1024;

/** Says in `engine.json` what `engine.wasm.br` is. */
interface Description {
  readonly go: string;
  readonly cue: string;
  readonly opa: string;
  /** SHA-256, in hex. */
  readonly compressed: string;
  readonly module: string;
}

function build(): void {
  const module = buildModule();
  const compressed = brotliCompressSync(module, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: module.length,
    },
  });
  const description: Description = { ...versions(), compressed: sha256(compressed), module: sha256(module) };
  writeFileSync(join(RESULT, 'engine.wasm.br'), compressed);
  writeFileSync(join(RESULT, 'engine.json'), `${JSON.stringify(description, undefined, 2)}\n`);
  writeFileSync(
    join(RESULT, 'THIRD-PARTY-NOTICES.md'),
    goNotices((...args) => goFor(TARGET, ...args)),
  );
  console.log(`${module.length} bytes, ${compressed.length} compressed`);
}

/** Throws with what differs. */
function check(): void {
  go('test', './...');
  const module = buildModule();
  const compressed = readFileSync(join(RESULT, 'engine.wasm.br'));
  const expected: Description = { ...versions(), compressed: sha256(compressed), module: sha256(module) };
  const differs = (what: string): never => {
    throw new Error(`${what} is not what these sources give; run node tools/engine/build.ts`);
  };
  if (readFileSync(join(RESULT, 'engine.json'), 'utf8') !== `${JSON.stringify(expected, undefined, 2)}\n`) differs('engine.json');
  if (sha256(brotliDecompressSync(compressed)) !== expected.module) differs('engine.wasm.br');
  if (readFileSync(join(RESULT, 'THIRD-PARTY-NOTICES.md'), 'utf8') !== goNotices((...args) => goFor(TARGET, ...args))) differs('THIRD-PARTY-NOTICES.md');
  console.log(`${expected.module}: the module that is checked in`);
}

function buildModule(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'assay-engine-'));
  try {
    const path = join(folder, 'engine.wasm');
    goFor(TARGET, 'build', '-buildmode=c-shared', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w -buildid=', '-o', path, '.');
    return limitMemory(readFileSync(path), MAX_MEMORY_BYTES);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function versions(): Pick<Description, 'go' | 'cue' | 'opa'> {
  const version = (name: string): string => go('list', '-m', '-f', '{{.Version}}', name).trim();
  return { go: go('env', 'GOVERSION').trim(), cue: version('cuelang.org/go'), opa: version('github.com/open-policy-agent/opa') };
}

function go(...args: string[]): string {
  return goFor({}, ...args);
}

const TARGET = { GOOS: 'wasip1', GOARCH: 'wasm' };

/** Whatever this machine sets that would change what is built is set back; where modules come from is its own business. */
const PINNED = {
  GOTOOLCHAIN: 'go1.26.8',
  GOFLAGS: '-mod=readonly',
  GOWORK: 'off',
  GOEXPERIMENT: '',
  GODEBUG: '',
  GOWASM: '',
  GOFIPS140: 'off',
  CGO_ENABLED: '0',
};

function goFor(target: Readonly<Record<string, string>>, ...args: string[]): string {
  const env = { ...process.env, ...PINNED, ...target };
  return execFileSync('go', args, { cwd: SOURCES, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

if (process.argv.includes('--check')) check();
else build();
