/**
 * Keys and chains: whether they are there, are their owner's alone, open, belong together, and are those that clients are told.
 *
 *   keys/<name>.pem ─► ca/chain-N.pem, tsa/chain-N.pem ─► trusted_root.json        keys/tuf-<role>-N.pem ─► the roots of TUF
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, type Certificate, equalBytes, isTrustError, parseCertificatesPem, signatureSchemeOf, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { chainFile } from '../authorities.ts';
import { checkedChain } from '../ca/issue.ts';
import { GENERATION_KINDS, type Generation, type GenerationKind, type Instance } from '../instance.ts';
import { logPlaces } from '../log-places.ts';
import { PATHS } from '../names.ts';
import { KEY_TYPES, KEYS_OF, keyName } from '../store/key-names.ts';
import { openKeys, type StoredKeyType, signingKeyOf } from '../store/keys.ts';
import { checkedSigner } from '../tsa/tsa.ts';
import { reasonOf } from './finding.ts';
import { publishedLog } from './log-keys.ts';
import type { Scene } from './scene.ts';

/** The keys that open, by name. The scene of the other checks needs them, so this one comes without. */
export async function checkKeyFiles(scene: Omit<Scene, 'keys' | 'trusted'>, passphrase: string | undefined): Promise<ReadonlyMap<string, KeyObject>> {
  const { disk, instance, report, isHere, isPending } = scene;
  await checkModes(scene);
  const store = openKeys(disk.at(KEYS), passphrase);
  const there = new Set(await disk.list(KEYS));
  const keys = new Map<string, KeyObject>();
  let isClosed = false;
  for (const { name, type, generation, isSpare } of keysOf(instance).filter(({ kind }) => isHere(kind))) {
    const file = `${KEYS}/${name}.pem`;
    if (!there.has(`${name}.pem`)) {
      if (isPending(generation)) continue;
      if (isSpare) report.warn(file, 'the key of a root certificate is missing', { hint: 'nothing, if it is kept elsewhere on purpose: no signing needs it' });
      else report.error(file, 'the key is missing', { hint: 'restore it from a backup before the stack is started: it would make another one' });
      continue;
    }
    if (passphrase === undefined && isEncrypted(await disk.read(file))) {
      isClosed = true;
      continue;
    }
    try {
      const key = await store.load(name);
      const found = typeOf(key);
      if (found !== type) report.error(file, 'the key is of another type', { expected: type, found });
      else if (!signs(key)) report.error(file, 'what the key signs does not verify: its two halves do not belong together');
      else keys.set(name, key);
    } catch (error) {
      report.unreadable(file, error);
    }
  }
  if (isClosed) report.warn(KEYS, 'the keys are encrypted, and without a passphrase they were not looked at', { hint: 'set ASSAY_STACK_PASSPHRASE' });
  return keys;
}

function isEncrypted(pem: Uint8Array | undefined): boolean {
  return pem !== undefined && Buffer.from(pem).includes('ENCRYPTED PRIVATE KEY');
}

/** A file holds both halves of a key, and to open it compares them with nothing. */
function signs(key: KeyObject): boolean {
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    return verify(algorithm, SAMPLE, createPublicKey(key), sign(algorithm, SAMPLE, key)) && hasSoundPrimes(key);
  } catch {
    return false; // OpenSSL does not sign with some damaged keys
  }
}

/** RFC 8017 section 3.2: OpenSSL signs also with what is left when some of the numbers are wrong, and other readers of the file do not. */
function hasSoundPrimes(key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'rsa') return true;
  const jwk = key.export({ format: 'jwk' });
  const [n, e, d, p, q, dp, dq, qi] = [jwk.n, jwk.e, jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map((part = '') =>
    BigInt(`0x${Buffer.from(part, 'base64url').toString('hex') || '0'}`),
  ) as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  const inverts = (exponent: bigint, prime: bigint): boolean => (e * exponent) % (prime - 1n) === 1n;
  return p * q === n && [d, dp].every((exponent) => inverts(exponent, p)) && [d, dq].every((exponent) => inverts(exponent, q)) && (q * qi) % p === 1n;
}

function typeOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return `rsa${key.asymmetricKeyDetails?.modulusLength}`;
  try {
    return signingKeyOf(key).type;
  } catch {
    return key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  }
}

interface ExpectedKey {
  readonly name: string;
  readonly type: StoredKeyType;
  readonly kind: GenerationKind;
  readonly generation: Generation;
  /** Needed only to make the chain. */
  readonly isSpare: boolean;
}

function keysOf({ generations }: Instance): ExpectedKey[] {
  return GENERATION_KINDS.flatMap((kind) =>
    generations[kind].flatMap((generation) =>
      KEYS_OF[kind].map((prefix) => ({
        name: keyName(prefix, generation.number),
        type: KEY_TYPES[prefix],
        kind,
        generation,
        isSpare: prefix.endsWith('-root') && kind !== 'tuf',
      })),
    ),
  );
}

// ------------------------------------------------------------------------------------------------------------- modes

/** POSIX permissions; elsewhere they say nothing. */
async function checkModes({ disk, report }: Pick<Scene, 'disk' | 'report'>): Promise<void> {
  if (process.platform === 'win32') return;
  for (const folder of ['', KEYS]) {
    const mode = await modeOf(join(disk.root, folder));
    const name = folder === '' ? '.' : folder;
    if (mode === undefined) report.error(name, 'the folder is missing');
    else if ((mode & 0o002) !== 0)
      report.error(name, 'anybody may put other files into this folder', { expected: '0700', found: octal(mode), hint: chmod('go-w', disk.root, folder) });
    else if ((mode & 0o020) !== 0)
      report.warn(name, 'a group may put other files into this folder', { expected: '0700', found: octal(mode), hint: chmod('g-w', disk.root, folder) });
  }
  const secrets = [...(await disk.list(KEYS)).map((name) => `${KEYS}/${name}`), 'oidc/accounts.json'];
  for (const file of secrets) {
    const mode = await modeOf(join(disk.root, file));
    if (mode === undefined || (mode & 0o077) === 0) continue;
    report.error(file, 'others than its owner may read or change this file', { expected: '0600', found: octal(mode), hint: chmod('0600', disk.root, file) });
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && found.mode & 0o777;
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}

function chmod(mode: string, root: string, path: string): string {
  return `chmod ${mode} ${join(root, path)}`;
}

// --------------------------------------------------------------------------------------------------- chains and logs

/** Whether the chains hold, and keys and chains are those that clients are told. */
export async function checkChainsAndPublication(scene: Scene): Promise<void> {
  for (const kind of ['ca', 'tsa'] as const) {
    if (!scene.isHere(kind)) continue;
    for (const generation of scene.instance.generations[kind]) await checkChain(scene, kind, generation);
  }
  for (const place of logPlaces(scene.instance)) {
    const own = scene.keys.get(place.keyName);
    const published = publishedLog(scene.trusted, place);
    if (published === undefined) checkListed(scene, place.kind, place.generation, `the key of the log ${place.url}`);
    if (own === undefined || published === undefined) continue;
    checkStart(scene, place.kind, place.generation, published.window.start);
    if (!equalBytes(signingKeyOf(own).spki, published.key.spki))
      scene.report.error(`${KEYS}/${place.keyName}.pem`, 'the key of the log is not the one that clients are told');
  }
}

async function checkChain(scene: Scene, kind: 'ca' | 'tsa', generation: Generation): Promise<void> {
  const { disk, report, keys, isPending } = scene;
  const { number } = generation;
  const file = `${kind}/${chainFile(number)}`;
  const pem = await disk.read(file);
  if (pem === undefined) {
    if (!isPending(generation)) report.error(file, 'the chain is missing');
    return;
  }
  let certificates: Certificate[];
  try {
    certificates = parseCertificatesPem(Buffer.from(pem).toString());
  } catch (error) {
    report.unreadable(file, error);
    return;
  }
  const problem = (await chainProblem(kind, certificates)) ?? profileProblem(kind, certificates);
  if (problem !== undefined) report.error(file, problem);

  const published = publishedAuthority(scene, kind, generation);
  const isPublished = published && sameChain(published.certificates, certificates);
  if (published === undefined) checkListed(scene, kind, generation, file);
  else checkStart(scene, kind, generation, published.window.start);
  if (published !== undefined && !isPublished) report.error(file, 'the chain is not the one that clients are told');
  const ends = [
    [keyName(kind, number), certificates[0]],
    [keyName(`${kind}-root`, number), certificates.at(-1)],
  ] as const;
  for (const [name, certificate] of ends) {
    const key = keys.get(name);
    if (key === undefined || certificate === undefined || equalBytes(signingKeyOf(key).spki, certificate.publicKey.spki)) continue;
    // Of the two, the chain is at fault when it is the one that clients do not know.
    if (published === undefined || isPublished) report.error(`${KEYS}/${name}.pem`, `the key is not that of "${certificate.subjectText}" in ${file}`);
  }
}

/** From the signer to the root, each issued by the next. */
async function chainProblem(kind: string, certificates: readonly Certificate[]): Promise<string | undefined> {
  if (certificates.length < 2)
    return `the chain of the ${kind === 'ca' ? 'certificate' : 'timestamp'} authority has ${certificates.length} certificate, a root is missing`;
  for (const [i, certificate] of certificates.entries()) {
    const issuer = certificates[i + 1] ?? certificate;
    if (!equalBytes(certificate.issuer, issuer.subject)) return `"${certificate.subjectText}" names another issuer than the next certificate`;
    const scheme = signatureSchemeOf(certificate.signatureAlgorithm);
    const isSigned = scheme !== undefined && (await verifySignature(nodeCrypto, issuer.publicKey, scheme, certificate.tbs.raw, certificate.signature));
    if (!isSigned) return `"${certificate.subjectText}" is not signed by "${issuer.subjectText}"`;
  }
  return undefined;
}

/** What the services themselves demand of their chains. */
function profileProblem(kind: 'ca' | 'tsa', certificates: readonly Certificate[]): string | undefined {
  const chain = certificates.map(({ der }) => der);
  const [own] = certificates;
  if (own === undefined) return undefined;
  // Whether the key fits is another question: here it is the certificate's own.
  const key = { spki: own.publicKey.spki };
  try {
    if (kind === 'ca') checkedChain({ authority: { certificate: own.der, key }, chain });
    else checkedSigner({ certificate: own.der, key }, chain);
    return undefined;
  } catch (error) {
    if (error instanceof TypeError || isTrustError(error)) return reasonOf(error);
    throw error;
  }
}

/** The generations of an authority have one URL; they are published in their order. */
function publishedAuthority({ trusted, instance }: Scene, kind: 'ca' | 'tsa', { number }: Generation): Authority | undefined {
  const authorities = kind === 'ca' ? trusted?.certificateAuthorities : trusted?.timestampAuthorities;
  return authorities?.filter(({ uri }) => uri === instance.origin || uri === instance.origin + PATHS.timestamp)[number - 1];
}

function sameChain(a: readonly Certificate[], b: readonly Certificate[]): boolean {
  return a.length === b.length && a.every(({ der }, i) => equalBytes(der, b[i]?.der ?? NOTHING));
}

/** Whether clients have to be told of it, and are not. */
function checkListed({ trusted, report, isServed, isPending }: Scene, kind: GenerationKind, generation: Generation, what: string): void {
  if (trusted === undefined || !isServed(kind) || isPending(generation)) return;
  report.error('trusted_root.json', `clients are not told to trust ${what}`, { hint: WRITTEN_AGAIN });
}

/** What was signed before the start is trusted by nobody, and what clients are told is signed. */
function checkStart({ report }: Pick<Scene, 'report'>, kind: GenerationKind, { number, start }: Generation, published: Date | undefined): void {
  if (published?.getTime() === start.getTime()) return;
  report.error('stack.json', `generation ${number} of ${kind} begins at another time than clients are told`, {
    expected: published?.toISOString(),
    found: start.toISOString(),
  });
}

const SAMPLE = Buffer.from('signed to see whether the key is whole');
const KEYS = 'keys';
const WRITTEN_AGAIN = 'start the stack: it writes and publishes the file again';
const NOTHING = new Uint8Array(0);
