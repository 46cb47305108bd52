/**
 * Verified values: what remains true after every check passed.
 *
 * They can only be made by `verify` in this package: policy and admission accept nothing else, so forgetting to verify does not compile,
 * and a value smuggled past the compiler throws. The package exports their types and `isVerified`, never `mint`.
 */
import type { Statement } from './dsse.ts';
import type { CertificateIdentity } from './identity.ts';
import type { SimpleSigning } from './simple-signing.ts';

const MINT = Symbol('assay.verified');

abstract class Verified {
  /** A private field cannot be copied, inherited or proxied: `instanceof` would believe `Object.create(…)`. */
  readonly #minted = true;

  static believes(value: unknown): value is Verified {
    return typeof value === 'object' && value !== null && #minted in value && value.#minted;
  }

  constructor(mint: symbol) {
    if (mint !== MINT) throw new TypeError('verified values come only from verification');
    Object.freeze(this);
  }
}

export class VerifiedDigest extends Verified {
  readonly #algorithm: string;
  readonly #hex: string;

  constructor(mint: symbol, algorithm: string, hex: string) {
    super(mint);
    this.#algorithm = algorithm;
    this.#hex = hex;
  }

  get algorithm(): string {
    return this.#algorithm;
  }

  get hex(): string {
    return this.#hex;
  }

  override toString(): string {
    return `${this.#algorithm}:${this.#hex}`;
  }
}

/** The owner of a certificate, judged against the expected identities. */
export class VerifiedIdentity extends Verified {
  readonly #identity: CertificateIdentity;

  constructor(mint: symbol, identity: CertificateIdentity) {
    super(mint);
    this.#identity = identity;
  }

  get san(): string {
    return this.#identity.san.value;
  }

  get sanKind(): string {
    return this.#identity.san.kind;
  }

  get oidcIssuer(): string {
    return this.#identity.oidcIssuer;
  }

  get extensions(): CertificateIdentity['extensions'] {
    return this.#identity.extensions;
  }
}

/** An in-toto statement that a verified signer signed. `payload` are the signed bytes. */
export class VerifiedStatement extends Verified {
  readonly #statement: Statement;
  readonly #payload: Uint8Array;

  constructor(mint: symbol, statement: Statement, payload: Uint8Array) {
    super(mint);
    this.#statement = statement;
    this.#payload = payload;
  }

  get statement(): Statement {
    return this.#statement;
  }

  get predicateType(): string {
    return this.#statement.predicateType;
  }

  get payload(): Uint8Array {
    return this.#payload;
  }
}

/** A payload that names an image, and that a verified signer signed. `bytes` are the signed bytes. */
export class VerifiedPayload extends Verified {
  readonly #content: SimpleSigning;
  readonly #bytes: Uint8Array;

  constructor(mint: symbol, content: SimpleSigning, bytes: Uint8Array) {
    super(mint);
    this.#content = content;
    this.#bytes = bytes;
  }

  get content(): SimpleSigning {
    return this.#content;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
}

/** Bytes that a verified signer signed, and the type that was signed with them; nobody has read them yet. */
export class VerifiedContent extends Verified {
  readonly #type: string;
  readonly #bytes: Uint8Array;

  constructor(mint: symbol, type: string, bytes: Uint8Array) {
    super(mint);
    this.#type = type;
    this.#bytes = bytes;
  }

  /** The envelope's `payloadType`; '' for payloads outside envelopes. */
  get type(): string {
    return this.#type;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
}

export function isVerified(value: unknown): value is VerifiedDigest | VerifiedIdentity | VerifiedStatement | VerifiedPayload | VerifiedContent {
  return Verified.believes(value);
}

/** For `verify` alone: not exported from the package. */
export const mint = {
  digest: (algorithm: string, hex: string) => new VerifiedDigest(MINT, algorithm, hex),
  identity: (identity: CertificateIdentity) => new VerifiedIdentity(MINT, identity),
  payload: (content: SimpleSigning, bytes: Uint8Array) => new VerifiedPayload(MINT, content, bytes),
  content: (type: string, bytes: Uint8Array) => new VerifiedContent(MINT, type, bytes),
  statement: (statement: Statement, payload: Uint8Array) => new VerifiedStatement(MINT, statement, payload),
};
