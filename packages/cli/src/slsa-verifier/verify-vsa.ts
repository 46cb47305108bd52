/** `slsa-verifier verify-vsa`: a verification summary that a key has signed (slsa.md section 1.11). */
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { MAX_VSA_BYTES, verifyVsa } from '@assay/slsa';
import type { Command, Context } from '../cobra/command.ts';
import { bool, list, text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import { passed, printStatement, told } from './session.ts';

export const command: Command = {
  usage: 'verify-vsa [flags]',
  examples: `  slsa-verifier verify-vsa --attestation-path vsa.jsonl --public-key-path vsa.pub --public-key-id KEY_ID \\
    --verifier-id https://verifier.example/v1 --resource-uri https://example/app-1.2.3.tar.gz \\
    --subject-digest sha256:… --verified-level SLSA_BUILD_LEVEL_3`,
  flags: [
    text('attestation-path', 'the file with the summary, a DSSE envelope'),
    list('subject-digest', 'a digest that the summary must be about, ALGORITHM:VALUE; may be repeated'),
    text('verifier-id', 'who must have verified'),
    text('resource-uri', 'what must have been verified'),
    list('verified-level', 'a level that must have been reached, e.g. SLSA_BUILD_LEVEL_3; may be repeated'),
    text('public-key-path', 'PEM file of the key that must have signed'),
    text('public-key-id', 'how signatures call that key; default: its OpenSSH fingerprint'),
    bool('print-attestation', 'print the verified statement to standard output'),
    bool('explain', 'show every check on standard error'),
  ],
  arity: (count) => (count === 0 ? undefined : 'expects no arguments'),
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  requireFlags(flags, 'attestation-path', 'verifier-id', 'resource-uri', 'public-key-path');
  const { payload } = await told('Verifying VSA', { flags, io }, async () => {
    const attestation = readFileCapped(flags.text('attestation-path'), MAX_VSA_BYTES);
    const key = readFileCapped(flags.text('public-key-path'), MAX_KEY_BYTES);
    const demands = {
      digests: flags.list('subject-digest'),
      verifierId: flags.text('verifier-id'),
      resourceUri: flags.text('resource-uri'),
      levels: flags.list('verified-level'),
      rules: 'slsa-verifier' as const,
    };
    const { ok, root, payload } = await verifyVsa(attestation, { key, keyId: flags.text('public-key-id') }, demands, { crypto: nodeCrypto, now: io.now });
    return { verification: { ok, root }, payload };
  });
  printStatement(payload, 'print-attestation', { flags, io });
  io.stderr('Verifying VSA: PASSED\n\n');
  passed({ io });
}

const MAX_KEY_BYTES = 64 * 1024;
