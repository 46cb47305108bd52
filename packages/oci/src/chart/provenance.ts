/**
 * Provenance of charts: `NAME-VERSION.tgz.prov`, a text that OpenPGP signs in the clear (RFC 9580 section 7).
 *
 *   -----BEGIN PGP SIGNED MESSAGE-----
 *   Hash: SHA512
 *
 *   apiVersion: v2                        Chart.yaml, as `show chart` prints it
 *   name: foo
 *   version: 0.1.0
 *
 *   ...
 *   files:
 *     foo-0.1.0.tgz: sha256:<64 hex digits>
 *
 *   -----BEGIN PGP SIGNATURE-----
 *
 * What counts is a signature by a key of the keyring, and the digest of the archive under its own file name. OpenPGP itself is in a library, which is
 * loaded when it is needed.
 */
import { decodeUtf8, quote, TrustError } from '@assay/core';
import type { Key, PrivateKey } from 'openpgp';
import { digestOf } from '../digest.ts';
import { parseChart } from './chart.ts';
import { metadataYaml } from './metadata.ts';
import { TreeFields } from './tree-fields.ts';
import { parseYaml } from './yaml-read.ts';
import { encodeYaml } from './yaml-write.ts';

export interface ProvenanceSubject {
  /** `NAME-VERSION.tgz`, under which its digest is stated. */
  readonly fileName: string;
  readonly archive: Uint8Array;
}

export interface ProvenanceOptions {
  /** OpenPGP keys, binary or armored. */
  readonly keyring: Uint8Array;
  readonly now: Date;
}

export interface SigningOptions extends ProvenanceOptions {
  /** The name of the key, or a part of it that no other key of the ring has. */
  readonly keyName: string;
  /** Asked with the name of the key when it is encrypted. */
  readonly passphrase: (keyName: string) => Promise<string>;
}

/**
 * The text of the `.prov` file.
 * Errors: those of `parseChart`, `CHART_KEYRING` (no such private key, or it stays locked).
 */
export async function signProvenance(subject: ProvenanceSubject, options: SigningOptions): Promise<string> {
  const openpgp = await import('openpgp');
  const key = await signingKey(options);
  const { metadata } = await parseChart(subject.archive);
  const sums = encodeYaml(new Map([['files', new Map([[subject.fileName, digestOf(subject.archive)]])]]));
  const config = { preferredHashAlgorithm: openpgp.enums.hash.sha512 };
  const message = await openpgp.createCleartextMessage({ text: `${metadataYaml(metadata)}${SEPARATOR}${sums}` });
  const signed = await openpgp.sign({ message, signingKeys: key, date: options.now, config });
  // Signatures of texts are over CRLF, whatever the file has; helm's have LF and none at the end.
  return signed.replaceAll('\r\n', '\n').trimEnd();
}

async function signingKey({ keyring, keyName, passphrase }: SigningOptions): Promise<PrivateKey> {
  const key = keyNamed(await readKeys(keyring), keyName);
  if (!key.isPrivate()) throw new TrustError('CHART_KEYRING', 'provided key is not a private key. Try providing a keyring with secret keys');
  if (key.isDecrypted()) return key;
  const { decryptKey } = await import('openpgp');
  const secret = await passphrase(key.getUserIDs()[0] ?? 'Unknown');
  try {
    return await decryptKey({ privateKey: key, passphrase: secret });
  } catch (error) {
    throw new TrustError('CHART_KEYRING', `openpgp: the passphrase does not unlock the private key ${fingerprintOf(key)}`, { cause: error });
  }
}

function keyNamed(keys: readonly Key[], name: string): Key {
  const exact = keys.find((key) => key.getUserIDs().includes(name));
  const [similar, another] = keys.filter((key) => key.getUserIDs().some((id) => id.includes(name)));
  if (exact === undefined && another !== undefined) throw new TrustError('CHART_KEYRING', `more than one key contain the id "${quote(name)}"`);
  const found = exact ?? similar;
  if (found === undefined) throw new TrustError('CHART_KEYRING', 'private key not found');
  return found;
}

export interface VerifiedProvenance {
  /** Names on the key that signed, those alone that it has certified itself. */
  readonly signers: readonly string[];
  /** Of the primary key, upper-case hex. */
  readonly fingerprint: string;
  /** `sha256:HEX` of the archive. */
  readonly digest: string;
}

/**
 * Checks the signature, then that it is about this archive.
 * Errors: `CHART_PROVENANCE`, `CHART_KEYRING`.
 */
export async function verifyProvenance(
  subject: ProvenanceSubject & { readonly provenance: Uint8Array },
  { keyring, now }: ProvenanceOptions,
): Promise<VerifiedProvenance> {
  const keys = await readKeys(keyring, 'failed to load keyring: ');
  const { text, key } = await verifySignature(subject.provenance, keys, now);
  const [, stated] = text.split(SEPARATOR);
  if (stated === undefined) throw refuse('message block must have at least two parts');
  const sums = TreeFields.of(parseYaml(Buffer.from(stated), 'provenance'), 'provenance', 'SumCollection').textMap('files');
  const { fileName } = subject;
  const expected = sums.get(fileName);
  const found = digestOf(subject.archive);
  if (expected === undefined) throw refuse(`provenance does not contain a SHA for a file named "${quote(fileName)}"`);
  if (expected !== found) throw refuse(`sha256 sum does not match for ${quote(fileName)}: "${quote(expected)}" != "${found}"`);
  return { signers: await certifiedNames(key, now), fingerprint: fingerprintOf(key), digest: found };
}

/** Of several signatures the first counts that a key of the ring made. */
async function verifySignature(provenance: Uint8Array, keys: readonly Key[], now: Date): Promise<{ readonly text: string; readonly key: Key }> {
  const openpgp = await import('openpgp');
  const armored = decodeUtf8(provenance) ?? '';
  const start = armored.indexOf('-----BEGIN PGP SIGNED MESSAGE-----');
  if (start < 0) throw refuse('failed to decode signature: signature block not found');
  try {
    const message = await openpgp.readCleartextMessage({ cleartextMessage: armored.slice(start) });
    const { signatures } = await openpgp.verify({ message, verificationKeys: [...keys], date: now });
    for (const { keyID, verified } of signatures) {
      const key = keys.find((one) => one.getKeys(keyID).length > 0);
      if (key === undefined) continue;
      await verified;
      // A signature made in time by a key that has expired or was revoked since is not accepted, as helm has it.
      await key.getSigningKey(keyID, now);
      return { text: message.getText(), key };
    }
  } catch (error) {
    throw refuse(`openpgp: invalid signature: ${quote(error instanceof Error ? error.message : String(error))}`, error);
  }
  throw refuse('openpgp: signature made by unknown entity');
}

function refuse(problem: string, cause?: unknown): TrustError {
  return new TrustError('CHART_PROVENANCE', problem, { cause });
}

/** Anyone can write a name onto a public key; only its owner can certify it. */
async function certifiedNames(key: Key, now: Date): Promise<string[]> {
  const names: string[] = [];
  for (const user of key.users) {
    const isCertified = await user.verify(now).catch(() => false);
    if (isCertified === true && user.userID !== null) names.push(user.userID.userID);
  }
  return names;
}

function fingerprintOf(key: Key): string {
  return key.getFingerprint().toUpperCase();
}

async function readKeys(keyring: Uint8Array, prefix = ''): Promise<Key[]> {
  const openpgp = await import('openpgp');
  const text = keyring[0] === 0x2d ? decodeUtf8(keyring) : undefined;
  try {
    return await (text === undefined ? openpgp.readKeys({ binaryKeys: keyring }) : openpgp.readKeys({ armoredKeys: text }));
  } catch (error) {
    throw new TrustError('CHART_KEYRING', `${prefix}openpgp: ${quote(error instanceof Error ? error.message : String(error))}`, {
      cause: error,
    });
  }
}

/** YAML's own separator, three dashes, would end the text that is signed. */
const SEPARATOR = '\n...\n';
