/** `cosign public-key` (cosign.md section 1, "Keys"). */
import { writeFileSync } from 'node:fs';
import { loadSigner, publicKeyPem } from '@assay/sign';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { withKeyContext } from '../key-context.ts';
import { KEY_FLAGS, text } from './flags.ts';
import { refuseKeyAndToken } from './signing.ts';
import { USER_AGENT } from './user-agent.ts';

export const command: Command = {
  usage: 'public-key [flags]',
  examples: `  # of a private key; its password is asked for
  cosign public-key --key cosign.key

  # of a key on a token, into a file
  cosign public-key --key 'pkcs11:token=build;object=signing' --outfile cosign.pub`,
  flags: [...KEY_FLAGS, text('outfile', 'write the public key to this file')],
  arity: exactly(0),
  refuse: refuseKeyAndToken,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  if (flags.text('key') === '') throw new CommandError('exactly one of: key reference (--key), or hardware token (--sk) must be provided');
  const { io } = context;
  const signer = await withKeyContext({ ...context, userAgent: USER_AGENT }, (keys) => loadSigner(flags.text('key'), keys));
  const pem = publicKeyPem(signer.publicKey);
  const file = flags.text('outfile');
  if (file === '') {
    io.stdout(pem);
    return;
  }
  writeFileSync(file, pem, { mode: 0o600 });
  io.stderr(`Public key written to ${file}\n`);
}
