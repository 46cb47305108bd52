/**
 * `pkcs11:…`: keys on smart cards, hardware modules and SoftHSM. ECDSA and RSA; the key never leaves the token, which gets digests only.
 *
 * The public half comes from a public key object, else from the certificate of the same identifier. That certificate goes with the signer,
 * unless COSIGN_PKCS11_IGNORE_CERTIFICATE is 1.
 */
import {
  Certificate,
  Der,
  DerError,
  encodeDer,
  equalBytes,
  type PublicKey,
  parsePkcs1,
  parseSpki,
  quote,
  type SignatureScheme,
  TAG,
  TrustError,
} from '@assay/core';
import { digestInfo, ecdsaDer } from './over-digest.ts';
import { type Handle, type Session, type Template, withSession } from './pkcs11-token.ts';
import { type Pkcs11Uri, parsePkcs11Uri } from './pkcs11-uri.ts';
import type { KeyContext, KeyProvider } from './provider.ts';
import { createSigner } from './signer.ts';

export const pkcs11Keys: KeyProvider = {
  async loadSigner(reference, context) {
    const uri = await withPin(parsePkcs11Uri(reference, context.env), context);
    const use = context.env['COSIGN_PKCS11_IGNORE_CERTIFICATE'] === '1' ? 'key alone' : 'certificate too';
    const { publicKey, certificate } = withSession(uri, (session) => publicHalf(session, siblings(session, findPrivateKey(session, uri), uri), use));
    return createSigner({
      publicKey,
      certificate,
      signDigest: (digest, scheme) => withSession(uri, (session) => signOnToken(session, uri, publicKey, digest, scheme)),
    });
  },

  async loadPublicKey(reference, context) {
    const uri = parsePkcs11Uri(reference, context.env);
    return withSession(uri, (session) => {
      if (uri.pin !== undefined) session.login(uri.pin); // most tokens show public keys without; it is never asked for
      return publicHalf(session, selectorOf(uri), 'key alone').publicKey;
    });
  },
};

/** The PIN from the URI or the environment; asked for only when the token wants one. */
async function withPin(uri: Pkcs11Uri, { pin: ask }: KeyContext): Promise<Pkcs11Uri> {
  if (uri.pin !== undefined) return uri;
  const { needsLogin, tokenLabel } = withSession(uri, ({ needsLogin, tokenLabel }) => ({ needsLogin, tokenLabel }));
  if (!needsLogin) return uri;
  if (ask === undefined) {
    throw new TrustError('KEY_PASSWORD', `the token '${quote(tokenLabel)}' wants a PIN`, { hint: 'set COSIGN_PKCS11_PIN, or pin-value in the URI' });
  }
  return { ...uri, pin: await ask(tokenLabel) };
}

function findPrivateKey(session: Session, uri: Pkcs11Uri): Handle {
  if (uri.pin !== undefined) session.login(uri.pin);
  const key = findOne(session, CKO_PRIVATE_KEY, selectorOf(uri));
  if (key !== undefined) return key;
  throw new TrustError('KEY_REFERENCE', `no private key on the token '${quote(session.tokenLabel)}' fits ${selectorText(uri)}`);
}

/** Never the first of several: which one that is, is chance. */
function findOne(session: Session, kind: number, selector: Template): Handle | undefined {
  const [object, ...others] = session.find([{ type: CKA_CLASS, value: kind }, ...selector]);
  if (others.length === 0) return object;
  throw new TrustError('KEY_REFERENCE', `several objects of one kind on the token '${quote(session.tokenLabel)}' fit the key reference`, {
    hint: 'name both object and id',
  });
}

/** What selects the public objects of a private key: the same identifier (PKCS #11 section 4.7), else what the URI says. */
function siblings(session: Session, key: Handle, uri: Pkcs11Uri): Template {
  const id = session.attribute(key, CKA_ID);
  return id === undefined || id.length === 0 ? selectorOf(uri) : [{ type: CKA_ID, value: id }];
}

function selectorOf({ id, label }: Pkcs11Uri): Template {
  return [...(id === undefined ? [] : [{ type: CKA_ID, value: Buffer.from(id) }]), ...(label === undefined ? [] : [{ type: CKA_LABEL, value: label }])];
}

function selectorText({ id, label }: Pkcs11Uri): string {
  const parts = [label === undefined ? '' : `object '${quote(label, 60)}'`, id === undefined ? '' : `id ${Buffer.from(id).toString('hex')}`];
  return parts.filter(Boolean).join(' and ');
}

interface PublicHalf {
  readonly publicKey: PublicKey;
  readonly certificate: Certificate | undefined;
}

function publicHalf(session: Session, selector: Template, use: 'certificate too' | 'key alone'): PublicHalf {
  const object = findOne(session, CKO_PUBLIC_KEY, selector);
  const certificate = object === undefined || use === 'certificate too' ? readCertificate(session, selector) : undefined;
  const publicKey = object === undefined ? certificate?.publicKey : readPublicKey(session, object);
  if (publicKey === undefined) {
    throw new TrustError('KEY_REFERENCE', `the token '${quote(session.tokenLabel)}' shows neither public key nor certificate for this key`, {
      hint: 'compare object and id with the token; some tokens show them after login only: set COSIGN_PKCS11_PIN',
    });
  }
  if (certificate !== undefined && !equalBytes(certificate.publicKey.spki, publicKey.spki)) {
    throw new TrustError('KEY_PROVIDER', 'pkcs11 key and certificate do not match', {
      hint: 'set COSIGN_PKCS11_IGNORE_CERTIFICATE=1 to use the key without it',
    });
  }
  return { publicKey, certificate: use === 'certificate too' ? certificate : undefined };
}

function readCertificate(session: Session, selector: Template): Certificate | undefined {
  const object = findOne(session, CKO_CERTIFICATE, selector);
  const der = object === undefined ? undefined : session.attribute(object, CKA_VALUE);
  return der === undefined || der.length === 0 ? undefined : Certificate.parse(new Uint8Array(der));
}

function readPublicKey(session: Session, object: Handle): PublicKey {
  const read = (type: number): Uint8Array => new Uint8Array(session.attribute(object, type) ?? []);
  const modulus = read(CKA_MODULUS);
  if (modulus.length > 0) return parsePkcs1(encodeDer(TAG.sequence, unsigned(modulus), unsigned(read(CKA_PUBLIC_EXPONENT))), 'KEY_PROVIDER');
  const algorithm = encodeDer(TAG.sequence, EC_PUBLIC_KEY, read(CKA_EC_PARAMS));
  return parseSpki(encodeDer(TAG.sequence, algorithm, encodeDer(TAG.bitString, Uint8Array.of(0), barePoint(read(CKA_EC_POINT)))), 'KEY_PROVIDER');
}

/** A point comes as an OCTET STRING (PKCS #11 section 6.3.3); some tokens leave the wrapping out. */
function barePoint(value: Uint8Array): Uint8Array {
  try {
    const { content } = Der.parse(value).expect(TAG.octetString, 'point');
    return content[0] === UNCOMPRESSED ? content : value;
  } catch (error) {
    if (error instanceof DerError) return value;
    throw error;
  }
}

function unsigned(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start === -1 ? Uint8Array.of(0) : bytes.subarray(start);
  return encodeDer(TAG.integer, (digits[0] as number) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0), digits);
}

function signOnToken(session: Session, uri: Pkcs11Uri, publicKey: PublicKey, digest: Uint8Array, scheme: SignatureScheme): Uint8Array {
  const key = findPrivateKey(session, uri);
  if (publicKey.type === 'ec') return ecdsaDer(publicKey.curve, new Uint8Array(session.sign(key, CKM_ECDSA, digest, uri.pin)));
  if (!('hash' in scheme)) throw new TrustError('KEY_UNSUPPORTED', `pkcs11: ${scheme.name} is not supported`);
  return session.sign(key, CKM_RSA_PKCS, digestInfo(scheme.hash, digest), uri.pin);
}

// SEC 1: the first byte of an uncompressed point.
const UNCOMPRESSED = 4;
// OBJECT IDENTIFIER 1.2.840.10045.2.1
const EC_PUBLIC_KEY = Uint8Array.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);

// PKCS #11 v2.40, pkcs11t.h.
const CKO_CERTIFICATE = 1;
const CKO_PUBLIC_KEY = 2;
const CKO_PRIVATE_KEY = 3;
const CKA_CLASS = 0x0;
const CKA_LABEL = 0x3;
const CKA_VALUE = 0x11;
const CKA_ID = 0x102;
const CKA_MODULUS = 0x120;
const CKA_PUBLIC_EXPONENT = 0x122;
const CKA_EC_PARAMS = 0x180;
const CKA_EC_POINT = 0x181;
const CKM_RSA_PKCS = 0x1;
const CKM_ECDSA = 0x1041;
