/** `verify`: an archive against the provenance beside it. */
import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { readFileCapped } from '@assay/net/file';
import { MAX_CHART_BYTES, type VerifiedProvenance, verifyProvenance } from '@assay/oci/chart';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { exactlyOne } from './arity.ts';
import { KEYRING_FLAG } from './flags.ts';
import { readKeyring } from './keyring.ts';
import { verifiedText } from './verified.ts';

const USAGE = 'verify PATH [flags]';

export function verifyCommand(tool: string): Command {
  return {
    usage: USAGE,
    examples: `  # with mychart-1.2.3.tgz.prov beside it, and the keys of GnuPG
  ${tool} verify mychart-1.2.3.tgz

  # with the key of the publisher
  ${tool} verify mychart-1.2.3.tgz --keyring publisher.gpg`,
    flags: [KEYRING_FLAG],
    arity: exactlyOne(tool, USAGE),
    run,
  };
}

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  io.stdout(verifiedText(await verifyArchive(flags.positionals[0] ?? '', flags, io)));
}

export async function verifyArchive(path: string, flags: ParsedFlags, io: Io): Promise<VerifiedProvenance> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new CommandError(`stat ${path}: no such file or directory`);
  if (stats.isDirectory()) throw new CommandError('unpacked charts cannot be verified');
  if (!/\.tgz$/i.test(path)) throw new CommandError('chart must be a tgz file');
  const provenanceFile = `${path}.prov`;
  if (!existsSync(provenanceFile)) {
    throw new CommandError(`could not load provenance file ${provenanceFile}: stat ${provenanceFile}: no such file or directory`);
  }
  const keyring = await wrapped('failed to load keyring', () => readKeyring(flags, io));
  const subject = {
    fileName: basename(path),
    archive: readFileCapped(path, MAX_CHART_BYTES),
    provenance: readFileCapped(provenanceFile, MAX_PROVENANCE_BYTES),
  };
  return verifyProvenance(subject, { keyring, now: io.now });
}

const MAX_PROVENANCE_BYTES = 5 * 1024 * 1024;
