/** `cosign bundle upgrade`: a version 0.3 bundle of one of version 0.1 or 0.2, completed from the log. */
import { BUNDLE_V03, type Bundle, Certificate, encodeBundle, equalBytes, isTrustError, type LogEntry, MAX_BUNDLE_BYTES, parseBundle, quote } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { named } from '../named.ts';
import { parseBundleFields } from './bundle-fields.ts';
import { nameInGo, readName } from './distinguished-name.ts';
import { text } from './flags.ts';
import { Loader } from './load.ts';
import { fetchLogEntry } from './log-search.ts';
import { writeOut } from './write-out.ts';

export const command: Command = {
  usage: 'bundle upgrade [flags] BUNDLE',
  examples: '  cosign bundle upgrade old.sigstore.json --out new.sigstore.json',
  flags: [
    text('out', 'file to write; standard output unless given'),
    text('rekor-url', 'transparency log to ask for missing proofs', { default: 'https://rekor.sigstore.dev' }),
  ],
  arity: exactly(1),
  ignoresVariables: true,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [file = ''] = flags.positionals;
  const content = await wrapped('reading input file', () => readFileCapped(file, MAX_BUNDLE_BYTES));
  const upgraded = await wrapped('upgrading bundle', () => upgrade(content, file, flags, context));
  await wrapped('writing upgraded bundle', () => writeOut(upgraded, flags, context.io));
  if (flags.text('out') !== '') context.io.stderr(`Successfully upgraded bundle written to ${flags.text('out')}\n`);
}

async function upgrade(content: Uint8Array, file: string, flags: ParsedFlags, context: Context): Promise<string> {
  const { stderr } = context.io;
  const fields = parseBundleFields(content, file);
  const mediaType = named(file, () => fields.optionalString('mediaType') ?? '');
  const version = VERSIONS.get(mediaType);
  if (version === undefined) throw new CommandError(`unsupported bundle version: ${quote(mediaType)}`);
  if (version === '0.3') {
    stderr('Bundle is already at v0.3, no upgrade needed.\n');
    return new TextDecoder().decode(content);
  }
  stderr(`Upgrading from v${version} to v0.3...\n`);
  const bundle = named(file, () => parseBundle(content));
  tellCertificates(bundle, stderr);
  const entries = await withProofs(bundle.entries, flags, context);
  return encodeBundle({ ...bundle, entries, mediaType: BUNDLE_V03 });
}

/** All but the first are dropped; who they were is said. */
function tellCertificates({ material }: Bundle, stderr: (text: string) => void): void {
  if (material.kind !== 'certificate') return;
  stderr('Truncating certificate chain to only the leaf certificate...\n');
  for (const [i, der] of [material.leaf, ...material.others].entries()) stderr(`  Certificate ${i}${certificateIdentity(der)}\n`);
}

function certificateIdentity(der: Uint8Array): string {
  try {
    const { subjectAlternativeNames: names, subject } = Certificate.parse(der);
    const name = names.find(({ kind }) => kind === 'email') ?? names.find(({ kind }) => kind === 'uri');
    return ` Identity: ${(name && quote(name.value, 1000)) || nameInGo(readName(subject)) || '<none>'}`;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return `: <unable to parse: ${error.message}>`;
  }
}

async function withProofs(entries: readonly LogEntry[], flags: ParsedFlags, context: Context): Promise<LogEntry[]> {
  const loader = new Loader(context);
  try {
    const complete: LogEntry[] = [];
    for (const entry of entries) {
      if (entry.inclusionProof === undefined) context.io.stderr(`Fetching missing inclusion proof from Rekor for log index ${entry.logIndex}...\n`);
      complete.push(entry.inclusionProof === undefined ? await withProof(entry, flags.text('rekor-url'), loader, context.signal) : entry);
    }
    return complete;
  } finally {
    loader.close();
  }
}

/** Only the proof is taken from the log: what was signed, and the promise made then, stay as they are. */
async function withProof(entry: LogEntry, rekorUrl: string, { http }: Loader, signal: AbortSignal): Promise<LogEntry> {
  const found = await fetchLogEntry(rekorUrl, entry.logIndex, http, signal);
  const isSame = equalBytes(found.body, entry.body) && equalBytes(found.logId, entry.logId);
  if (!isSame) throw new CommandError(`the log has another entry at index ${entry.logIndex} than the bundle`);
  return { ...entry, inclusionProof: found.inclusionProof };
}

const VERSIONS: ReadonlyMap<string, string> = new Map([
  ['application/vnd.dev.sigstore.bundle+json;version=0.1', '0.1'],
  ['application/vnd.dev.sigstore.bundle+json;version=0.2', '0.2'],
  ['application/vnd.dev.sigstore.bundle+json;version=0.3', '0.3'],
  ['application/vnd.dev.sigstore.bundle.v0.3+json', '0.3'],
]);
