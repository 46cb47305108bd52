/**
 * Whoever has signed the description of a release must have signed all of it: what a release is verified by before anything points to it. Who that should be,
 * its users will demand; here it is known, since it was just done.
 */
import { join } from 'node:path';
import { Certificate, type ExpectedSigner, exactly, identityOf, MAX_BUNDLE_BYTES, parseBundle, trustedRootOf, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { type Judge, RELEASE_FILE } from '@assay/release';
import { loadSigner } from '@assay/sign';
import type { Io } from '../../io.ts';
import { withKeyContext } from '../../key-context.ts';
import { loadRoot } from '../../trusted-root.ts';
import type { PartyFlags } from '../party.ts';

/** Errors: `BUNDLE_…`, `CERTIFICATE_…`, `KEY_…`, `TRUST_ROOT_…`. */
export async function ownJudge(folder: string, flags: PartyFlags, io: Io): Promise<Judge> {
  const { material, entries } = parseBundle(readFileCapped(join(folder, `${RELEASE_FILE}.sigstore.json`), MAX_BUNDLE_BYTES));
  const file = flags.trustedRoot ?? flags.trustConfig;
  const isKeyAlone = material.kind === 'publicKey' && file === undefined;
  const { root } = isKeyAlone ? { root: await trustedRootOf({}, nodeCrypto) } : await loadRoot(file === undefined ? {} : { trustedRoot: file }, io);
  const signer = material.kind === 'certificate' ? certified(material.leaf) : await withKey(flags, io);
  const thresholds = isKeyAlone || entries.length === 0 ? { logThreshold: 0, ctLogThreshold: 0 } : {};
  return (bundle, artifact) => verify(bundle, artifact, { signer, trustedRoot: root, crypto: nodeCrypto, now: io.now, ...thresholds });
}

function certified(leaf: Uint8Array): ExpectedSigner {
  const { san, oidcIssuer } = identityOf(Certificate.parse(leaf));
  return { identities: [{ san: exactly(san.value), issuer: exactly(oidcIssuer) }] };
}

async function withKey({ key = '' }: PartyFlags, io: Io): Promise<ExpectedSigner> {
  const { publicKey } = await withKeyContext({ io, userAgent: 'assay' }, (keys) => loadSigner(key, keys));
  return { key: publicKey };
}
