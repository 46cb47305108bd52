/** `cosign generate-key-pair` (cosign.md section 1, "Keys"). */
import { existsSync, writeFileSync } from 'node:fs';
import { createKey, encryptPrivateKey, generateKeyPair, type KeyPair, publicKeyPem, storeKeyPair } from '@assay/sign';
import { atMost, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { withKeyContext } from '../key-context.ts';
import { newPassword } from '../password.ts';
import { confirm } from './confirm.ts';
import { text } from './flags.ts';
import { USER_AGENT } from './user-agent.ts';

export const command: Command = {
  usage: 'generate-key-pair [flags] [k8s://NAMESPACE/NAME | gitlab://PROJECT | github://OWNER/REPO]',
  examples: `  # cosign.key and cosign.pub in this folder; the password comes from COSIGN_PASSWORD, or is asked for
  cosign generate-key-pair

  # in a Kubernetes secret
  cosign generate-key-pair k8s://build/signing

  # a key that never leaves Vault
  cosign generate-key-pair --kms hashivault://signing`,
  flags: [
    text('kms', 'make the key in this key management service, e.g. hashivault://NAME'),
    { ...text('output-key-prefix', 'names of the files: PREFIX.key and PREFIX.pub'), default: 'cosign' },
  ],
  arity: atMost(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const prefix = flags.text('output-key-prefix');
  const kms = flags.text('kms');
  const [place] = flags.positionals;
  await withKeyContext({ ...context, userAgent: USER_AGENT }, async (keys) => {
    if (kms !== '') {
      writePublicKey(`${prefix}.pub`, publicKeyPem(await createKey(kms, keys)), io);
      return;
    }
    if (place === undefined) {
      await writeKeyPair(await generateKeyPair(), prefix, flags, io);
      return;
    }
    if (!place.includes('://')) throw new CommandError('could not parse scheme, use <scheme>://<ref> format');
    const pair = await generateKeyPair();
    const password = await newPassword(io);
    const stored = { privateKeyPem: await encryptPrivateKey(pair.pkcs8, password), publicKeyPem: publicKeyPem(pair.publicKey), password };
    for (const line of await storeKeyPair(place, stored, keys)) io.stderr(`${line}\n`);
    writePublicKey(`${prefix}.pub`, stored.publicKeyPem, io);
  });
}

/** `PREFIX.key`, encrypted and readable by its owner alone, and `PREFIX.pub`. What is there is overwritten only when that is agreed to. */
export async function writeKeyPair(pair: KeyPair, prefix: string, flags: ParsedFlags, io: Io): Promise<void> {
  const password = await newPassword(io);
  const privateKeyPem = await encryptPrivateKey(pair.pkcs8, password);
  const existing = [`${prefix}.key`, `${prefix}.pub`].find((file) => existsSync(file));
  if (existing !== undefined && !flags.bool('yes')) {
    io.stderr(`WARNING: File ${existing} already exists. Overwrite?\n`);
    await confirm(io);
  }
  await wrapped(`writing ${prefix}.key`, () => writeFileSync(`${prefix}.key`, privateKeyPem, { mode: 0o600 }));
  io.stderr(`Private key written to ${prefix}.key\n`);
  writePublicKey(`${prefix}.pub`, publicKeyPem(pair.publicKey), io);
}

function writePublicKey(file: string, pem: string, io: Io): void {
  writeFileSync(file, pem, { mode: 0o644 });
  io.stderr(`Public key written to ${file}\n`);
}
