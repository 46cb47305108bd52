/**
 * Kept inputs: `corpus/<target>/*`, small and made by us (by hand or by the test kit). A failing input joins them and is tried first
 * from then on. The conformance vectors are read as extra seeds where they are at hand; nothing of them is copied.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCases } from '../../packages/core/test/vectors-setup.ts';
import type { Crash } from './engine.ts';

const FOLDER = join(import.meta.dirname, 'corpus');
const VECTORS = process.env['ASSAY_VECTORS'] ?? join(import.meta.dirname, '../../../shared/vectors');

export function keptInputs(target: string): Uint8Array[] {
  const folder = join(FOLDER, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(folder, name))));
}

/** Writes a failing input; its path. */
export function keep({ target, input }: Crash): string {
  return write(target, `crash-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`, input);
}

export function write(target: string, name: string, input: Uint8Array): string {
  mkdirSync(join(FOLDER, target), { recursive: true });
  const path = join(FOLDER, target, name);
  writeFileSync(path, input);
  return path;
}

/** Bundles and trusted roots of the vectors. */
export function vectorInputs(target: string): Uint8Array[] {
  if (target !== 'bundle' && target !== 'trusted-root') return [];
  const texts = readCases(VECTORS).map((one) => (target === 'bundle' ? one.bundle : one.trustedRoot));
  return [...new Set(texts)].map((base64) => new Uint8Array(Buffer.from(base64, 'base64')));
}
