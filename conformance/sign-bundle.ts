/** `sign-bundle`: signs as whoever the token names, with the services that the signing configuration chooses. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Artifact, parseStatement } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient } from '@assay/net';
import { bundleOfSealed, keylessSigner, parseIdentityToken, recordSigning, refuseUntimed, type Signable, sealKeyless } from '@assay/sign';
import { chosenServices } from '../packages/cli/src/native/services.ts';
import { isOffline } from '../packages/cli/src/offline.ts';
import { loadRoot } from '../packages/cli/src/trusted-root.ts';
import { INSTANCE_FLAGS, ioFor, report } from './instance.ts';
import type { Tell } from './main.ts';

export async function signBundle(args: string[], tell: Tell): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const { bundle, staging, 'identity-token': raw, 'in-toto': isStatement = false, 'trusted-root': trustedRoot, 'signing-config': signingConfig } = values;
  const [file, ...more] = positionals;
  if (raw === undefined || bundle === undefined || file === undefined || more.length > 0)
    throw new TypeError('sign-bundle needs --identity-token TOKEN, --bundle FILE and one file');
  const io = ioFor(staging, tell);
  const now = (): Date => new Date();
  const { signable, artifact } = isStatement ? statementIn(file) : artifactIn(file);
  const token = parseIdentityToken(raw);
  const services = await chosenServices(signingConfig === undefined ? {} : { signingConfig }, io);
  if (services === undefined) throw new TypeError('no signing configuration');
  refuseUntimed(services);
  const { root } = await loadRoot(trustedRoot === undefined ? {} : { trustedRoot }, io);
  const http = createHttpClient({ env: io.env, offline: isOffline(io.env), userAgent: 'assay' });
  try {
    const keyless = await keylessSigner({ authority: { url: services.certificateAuthority(), http }, token: async () => token, now });
    const { sealed, verification } = await sealKeyless(signable, {
      keyless,
      artifact,
      trustedRoot: root,
      now,
      record: () => (signing) => recordSigning(signing, { ...services, http, knownLogs: root.logs }),
    });
    const status = report(verification, tell);
    if (status === 0) writeFileSync(bundle, `${await bundleOfSealed(sealed)}\n`);
    return status;
  } finally {
    http.close();
  }
}

const OPTIONS = {
  ...INSTANCE_FLAGS,
  'in-toto': { type: 'boolean' },
  'identity-token': { type: 'string' },
  bundle: { type: 'string' },
  'signing-config': { type: 'string' },
} as const;

interface ToSign {
  readonly signable: Signable;
  readonly artifact: Artifact | undefined;
}

function artifactIn(file: string): ToSign {
  const bytes = readFileSync(file);
  return { signable: { kind: 'message', digest: async (name) => nodeCrypto.hash(name, bytes), bytes }, artifact: Artifact.fromBytes(bytes) };
}

/** Its subjects are somebody else's, and may be anywhere. */
function statementIn(file: string): ToSign {
  const payload = readFileSync(file);
  parseStatement(payload);
  return { signable: { kind: 'dsse', payload }, artifact: undefined };
}
