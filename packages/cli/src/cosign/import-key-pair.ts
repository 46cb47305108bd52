/** `cosign import-key-pair` (cosign.md section 1, "Keys"). */
import { readFileCapped } from '@assay/net/file';
import { importKeyPair } from '@assay/sign';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, text } from './flags.ts';
import { writeKeyPair } from './generate-key-pair.ts';

export const command: Command = {
  usage: 'import-key-pair [flags]',
  examples: `  # import-cosign.key and import-cosign.pub of a PEM private key
  cosign import-key-pair --key openssl.key`,
  flags: [
    text('key', 'PEM private key: RSA, ECDSA or Ed25519', { short: 'k' }),
    { ...text('output-key-prefix', 'names of the files: PREFIX.key and PREFIX.pub'), short: 'o', default: 'import-cosign' },
    bool('yes', 'overwrite without asking', { short: 'y' }),
  ],
  arity: exactly(0),
  refuse(flags) {
    if (flags.text('key') === '') throw new CommandError('required flag(s) "key" not set');
  },
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  const pair = importKeyPair(new TextDecoder().decode(readFileCapped(flags.text('key'), MAX_KEY_BYTES)));
  await writeKeyPair(pair, flags.text('output-key-prefix'), flags, io);
}

const MAX_KEY_BYTES = 1024 * 1024;
