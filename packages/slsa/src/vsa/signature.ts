/** Whether one signature of the envelope is by the key at hand (slsa.md section 1.11). */
import { type Check, decodeBase64, defaultScheme, failures, group, type PublicKey, quote, skip, type VerifiedContent } from '@assay/core';
import { decodeSignature, type KeyOptions, verifyWithKey } from '../key-signature.ts';
import { refuse } from '../reference-error.ts';
import { derSignature } from './ecdsa-encoding.ts';
import type { VsaEnvelope } from './envelope.ts';
import { sshFingerprint } from './key-id.ts';

export interface VsaSignature {
  readonly check: Check;
  /** What was signed; undefined when no signature holds. */
  readonly content?: VerifiedContent;
}

/**
 * A signature that names a key counts only when it names `keyId`; without one, or an empty one, the key's OpenSSH fingerprint. One that names none is
 * always tried. Signatures that do not hold are told, and decide nothing.
 */
export async function checkVsaSignature(envelope: VsaEnvelope, key: PublicKey, keyId: string | undefined, options: KeyOptions): Promise<VsaSignature> {
  const signatures = (envelope.signatures ?? []).map(({ keyid, sig }) => ({ keyid, bytes: decodeSignature(sig) }));
  const payload = decodeBase64(envelope.payload);
  if (signatures.length === 0) return { check: invalid('no signature found', 'the envelope is not signed') };
  if (payload === undefined) return { check: invalid('the payload is not base64', 'the payload is not base64') };
  const expected = keyId || (await sshFingerprint(key, options.crypto));
  const tried: Check[] = [];
  for (const { keyid, bytes } of signatures) {
    // As DSSE's verifier: one signature that is none spoils the envelope.
    if (bytes === undefined)
      return { check: group(ID, 'the envelope cannot be read', [...tried, invalid('a signature is not base64', 'a signature is not base64')]) };
    if (keyid !== '' && keyid !== expected) {
      tried.push(skip(TRIED, `not tried: it names the key ${quote(keyid)}, and ${quote(expected)} is expected`, { optional: true }));
      continue;
    }
    const signature = derSignature(key, bytes);
    const { root, content } = await verifyWithKey({ kind: 'dsse', payload, payloadType: envelope.payloadType, signature, keyid: '' }, key, options);
    const problem = content === undefined ? (failures(root)[0]?.says ?? root.says) : hashProblem(root, key);
    if (content !== undefined && problem === undefined) return { check: group(ID, 'the summary is signed with the given key', [...tried, root]), content };
    tried.push(group(TRIED, problem ?? root.says, [root], { optional: true }));
  }
  const others = [...new Set(signatures.map(({ keyid }) => keyid).filter((keyid) => keyid !== '' && keyid !== expected))];
  const threshold = invalid('accepted signatures do not match threshold, Found: 0, Expected 1', 'no signature is by the given key', expected, others);
  return { check: group(ID, 'the summary is not signed with the given key', [...tried, threshold]) };
}

/** Old clients signed SHA-256 with larger curves, and core follows them; summaries have one hash for each curve. */
function hashProblem(root: Check, key: PublicKey): string | undefined {
  const used = root.checks?.find(({ id }) => id === 'signature')?.evidence?.['algorithm'];
  const scheme = defaultScheme(key);
  const expected = 'hash' in scheme ? `${scheme.name} ${scheme.hash}` : scheme.name;
  return used === expected ? undefined : `signed with ${used}, and keys of this kind sign with ${expected}`;
}

function invalid(detail: string, says: string, keyId?: string, others: readonly string[] = []): Check {
  const [other] = others;
  return refuse(`${ID}.valid`, {
    error: 'ErrorNoValidSignature',
    detail: `verifying envelope: ${detail}`,
    code: 'VSA_SIGNATURE',
    says,
    ...(keyId !== undefined &&
      other !== undefined && {
        expected: `key id ${quote(keyId)}`,
        found: others
          .slice(0, 3)
          .map((id) => quote(id))
          .join(', '),
      }),
    ...(other !== undefined && { hint: `if that is the name of the given key, say so: --public-key-id '${quote(other)}'` }),
    spec: SPEC,
  });
}

const ID = 'vsa.signature';
const TRIED = 'vsa.signature.tried';
const SPEC = 'slsa.md section 1.11';
