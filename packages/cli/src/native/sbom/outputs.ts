/** `-o FORMAT[=FILE]`, as syft has it: documents, tables and lists, each to a file or to standard output. */
import { writeFileSync } from 'node:fs';
import { TrustError } from '@assay/core';
import { encodeInventory, encodePurls, encodeTable, type Inventory, type SbomFormat } from '@assay/sbom';
import type { Io } from '../../io.ts';
import { VERSION } from '../../version.ts';

export interface Output {
  readonly format: OutputFormat;
  /** Undefined: standard output. */
  readonly file: string | undefined;
}

export type OutputFormat = SbomFormat | 'table' | 'purls';

/** Errors: `USAGE`. */
export function parseOutputs(texts: readonly string[]): readonly Output[] {
  const outputs = texts.map(parseOutput);
  if (outputs.filter(({ file }) => file === undefined).length > 1)
    throw new TrustError('USAGE', 'standard output takes one document', { hint: 'write the others to files: -o FORMAT=FILE' });
  return outputs;
}

function parseOutput(text: string): Output {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const format = formatNamed(name);
  const file = at < 0 ? undefined : text.slice(at + 1);
  if (file === '') throw new TrustError('USAGE', `-o ${name}=: the file is not named`, { hint: `-o ${name}=FILE, or -o ${name}` });
  return { format, file };
}

/** By one of its names. Errors: `USAGE`. */
function formatNamed(name: string): OutputFormat {
  const format = FORMATS.get(name.toLowerCase());
  if (format !== undefined) return format;
  throw new TrustError('USAGE', `there is no format ${JSON.stringify(name)}`, { hint: `one of: ${[...new Set(FORMATS.values())].join(', ')}` });
}

export function writeOutputs(inventory: Inventory, outputs: readonly Output[], io: Io): void {
  for (const { format, file } of outputs) {
    const content = encodedAs(inventory, format, io);
    if (file === undefined) io.stdout(content);
    else writeFile(file, content, io);
  }
}

/** Errors: `FILE_UNREADABLE`. */
export function writeFile(file: string, content: string | Uint8Array, io: Io): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new TrustError('FILE_UNREADABLE', `${file}: cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, { cause: error });
  }
  io.stderr(`wrote ${file}\n`);
}

function encodedAs(inventory: Inventory, format: OutputFormat, io: Io): string | Uint8Array {
  if (format === 'table') return encodeTable(inventory.packages);
  if (format === 'purls') return encodePurls(inventory.packages);
  return encoded(inventory, format, io);
}

/** A document of ours, at the time that the environment says. */
export function encoded(inventory: Inventory, format: SbomFormat, io: Io): Uint8Array {
  return encodeInventory(inventory, format, { tool: { name: 'assay', version: VERSION }, time: sourceDate(io) });
}

/** reproducible-builds.org: seconds since 1970. Undefined when it is not set. Errors: `USAGE`. */
function sourceDate({ env }: Io): Date | undefined {
  const text = env['SOURCE_DATE_EPOCH'];
  if (!text) return undefined;
  if (/^\d{1,11}$/.test(text)) return new Date(Number(text) * 1000);
  throw new TrustError('USAGE', `SOURCE_DATE_EPOCH: ${JSON.stringify(text)} is no number of seconds`, { hint: 'unset it, or give seconds since 1970' });
}

/** Ours, and those that syft takes for the same. */
const FORMATS: ReadonlyMap<string, OutputFormat> = new Map([
  ...(['cyclonedx-json', 'cyclonedx-json@1.6', 'cyclonedx', 'cyclone-json'] as const).map((name) => [name, 'cyclonedx-json'] as const),
  ...(['spdx-json', 'spdx-json@2.3', 'spdx', 'spdxjson'] as const).map((name) => [name, 'spdx-json'] as const),
  ...(['table', 'syft-table', 'text', 'syft-text'] as const).map((name) => [name, 'table'] as const),
  ...(['purls', 'purl'] as const).map((name) => [name, 'purls'] as const),
]);
