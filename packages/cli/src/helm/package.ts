/** `package`: folders to archives, signed if asked to. */
import { mkdirSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { readFileCapped } from '@assay/net/file';
import { loadChartFolder, packageChart, signProvenance } from '@assay/oci/chart';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { withFileErrors, writeWhole } from './files.ts';
import { bool, KEYRING_FLAG, REGISTRY_FLAGS, text } from './flags.ts';
import { readKeyring } from './keyring.ts';

export function packageCommand(tool: string): Command {
  return {
    usage: 'package [CHART_PATH] [...] [flags]',
    examples: `  # an archive in this folder
  ${tool} package ./mychart

  # another version, in another folder
  ${tool} package ./mychart --version 1.2.3 --app-version 4.5 -d dist

  # with provenance beside it
  ${tool} package ./mychart --sign --key NAME --keyring secring.gpg --passphrase-file passphrase.txt`,
    flags: [
      text('destination', 'folder for the archive', { short: 'd', default: '.' }),
      text('version', 'version of the chart, instead of the one in Chart.yaml'),
      text('app-version', 'version of the application, instead of the one in Chart.yaml'),
      bool('dependency-update', 'not supported: it needs chart repositories', { short: 'u' }),
      bool('sign', 'sign with an OpenPGP key'),
      text('key', 'name of the key, or a part of it'),
      KEYRING_FLAG,
      text('passphrase-file', 'file whose first line unlocks the key, or - for standard input'),
      ...REGISTRY_FLAGS.map((flag) => ({ ...flag, hidden: true })),
    ],
    arity: (count) => (count > 0 ? undefined : 'need at least one argument, the path to the chart'),
    refuse(flags) {
      if (flags.bool('dependency-update')) {
        throw new CommandError('--dependency-update needs chart repositories, which are not supported here: run helm dependency update first');
      }
      if (flags.bool('sign') && flags.text('key') === '') throw new CommandError('--key is required for signing a package');
    },
    run,
  };
}

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  for (const folder of flags.positionals) {
    const path = await packageFolder(folder, flags, context.io);
    context.io.stdout(`Successfully packaged chart and saved it to: ${path}\n`);
  }
}

async function packageFolder(folder: string, flags: ParsedFlags, io: Io): Promise<string> {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) throw new CommandError(`stat ${folder}: no such file or directory`);
  // helm takes a file for a folder without files.
  if (!stats.isDirectory()) throw new CommandError('Chart.yaml file is missing');
  const onLink = (path: string, target: string): void => io.stderr(linkNotice(path, target));
  const chart = await withFileErrors(folder, () => loadChartFolder(folder, { onLink }));
  const { fileName, archive } = packageChart(chart, { modified: io.now, version: flags.text('version'), appVersion: flags.text('app-version') });
  const destination = flags.text('destination');
  const path = destination === '.' ? join(process.cwd(), fileName) : join(normalize(destination), fileName);
  const provenance = flags.bool('sign') ? await sign(fileName, archive, flags, io) : undefined;
  const existing = statSync(destination, { throwIfNoEntry: false });
  if (existing?.isDirectory() === false) throw new CommandError(`failed to save: is not a directory: ${normalize(destination)}`);
  await withFileErrors(destination, () => mkdirSync(destination, { recursive: true }));
  await writeWhole(path, archive);
  if (provenance !== undefined) await writeWhole(`${path}.prov`, provenance);
  return path;
}

function linkNotice(path: string, target: string): string {
  return `found symbolic link in path: ${path} resolves to ${target}. Contents of linked file included and used\n`;
}

async function sign(fileName: string, archive: Uint8Array, flags: ParsedFlags, io: Io): Promise<string> {
  const keyring = readKeyring(flags, io);
  const passphrase = async (name: string) => readPassphrase(name, flags.text('passphrase-file'), io);
  return signProvenance({ fileName, archive }, { keyring, keyName: flags.text('key'), passphrase, now: io.now });
}

async function readPassphrase(keyName: string, file: string, io: Io): Promise<string> {
  if (file === '') throw new CommandError(`the key "${keyName}" is locked: pass --passphrase-file, or --passphrase-file - for standard input`);
  const bytes = file === '-' ? await readAll(io.stdin()) : readFileCapped(file, MAX_PASSPHRASE_BYTES);
  return new TextDecoder().decode(bytes).split(/\r?\n/)[0] ?? '';
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size > MAX_PASSPHRASE_BYTES) throw new CommandError(`the passphrase is longer than ${MAX_PASSPHRASE_BYTES} bytes`);
  }
  return Buffer.concat(parts);
}

const MAX_PASSPHRASE_BYTES = 64 * 1024;
