/** The table of cases that the vectors have for verifiers of provenance: who reads it, and what stands in it for files and for what is trusted. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findVectors } from './vectors-folder.ts';

export interface SlsaCase {
  readonly name: string;
  readonly tool: string;
  readonly subcommand: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly artifacts?: readonly { readonly path: string; readonly sha256?: string; readonly omitted?: boolean }[];
  readonly needs: 'none' | 'rekor' | 'registry-stub';
  readonly level?: 'api';
  readonly expect: 'accept' | 'reject' | 'format-only';
  readonly error?: { readonly id?: string; readonly text?: string; readonly contains?: string };
  readonly oci_layout?: string;
  readonly image_digest?: string;
}

const vectors = findVectors();

/** None without the vectors. */
export function readSlsaCases(): SlsaCase[] {
  if (vectors === undefined) return [];
  return (JSON.parse(readFileSync(slsaPath('cases.json'), 'utf8')) as { cases: SlsaCase[] }).cases;
}

/** Of a file beside the table. */
export function slsaPath(path: string): string {
  return join(vectors ?? '', 'slsa', path);
}

/** What a case says to slsa-verifier. */
export function argumentsOf(one: SlsaCase): string[] {
  return one.args.map((argument) => (argument.startsWith('testdata/') ? fileOrDigest(argument, one) : argument));
}

/** A file that the vectors leave out is given by its digest. */
export function fileOrDigest(path: string, { artifacts = [] }: SlsaCase): string {
  const file = slsaPath(path);
  const artifact = artifacts.find((other) => other.path === path);
  return artifact === undefined || existsSync(file) ? file : `sha256:${artifact.sha256}`;
}

/** What slsa-verifier has built in, or gets by TUF. */
export function trustOf({ subcommand, name }: SlsaCase): string[] {
  if (subcommand === 'verify-vsa') return [];
  const root = ['--trusted-root', slsaPath('trust/trusted_root.json')];
  if (subcommand === 'verify-npm-package') return [...root, '--npm-keys', slsaPath('trust/npm-keys.json')];
  return name.startsWith('gcb/') ? [...root, '--gcb-keys', slsaPath('trust/gcb')] : root;
}
