/** `--keyring`, and what its absence means. */
import { join } from 'node:path';
import { readFileCapped } from '@assay/net/file';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';

export function readKeyring(flags: ParsedFlags, { env }: Io): Uint8Array {
  const path = flags.text('keyring') || join(env['GNUPGHOME'] ?? join(env['HOME'] ?? '', '.gnupg'), 'pubring.gpg');
  return readFileCapped(path, MAX_KEYRING_BYTES);
}

const MAX_KEYRING_BYTES = 32 * 1024 * 1024;
