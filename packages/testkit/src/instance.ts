/**
 * A virtual Sigstore instance: CA, CT log, Rekor v1, Rekor v2 and timestamp authority in memory, with a clock that stands
 * still. Everything is made with fresh keys (RSA ones are reused within a process), so no test depends on another.
 *
 * Made in about 3 ms with P-256 keys.
 */

import type { HashName } from '@assay/core';
import {
  type Authority,
  type AuthorityOptions,
  authority,
  type CertificateFields,
  intermediateFields,
  issueRoot,
  type KeyType,
  makeTrustedRoot,
  OID,
  rootFields,
  signCertificate,
  type TimestampSigner,
  type TrustedRootJson,
  timestampingLeafFields,
  type Validity,
} from '@assay/make';
import { keyFor } from './key-pool.ts';
import { CtLog, RekorV1Log, RekorV2Log } from './logs.ts';
import type { Sample, SignOptions } from './sample.ts';
import { signWith } from './sign.ts';

export type FieldsEdit = (fields: CertificateFields) => CertificateFields;

export interface InstanceOptions {
  /** What "now" is; 2026-08-25T00:00:00Z. */
  readonly now?: Date;
  /** `p256`; the public instance has `p384`. */
  readonly caKey?: KeyType;
  /** Root and intermediate (`intermediate`), or one self-signed certificate that issues directly (`root-only`). */
  readonly caChain?: 'intermediate' | 'root-only';
  readonly caHash?: HashName;
  /** `p256` or an RSA type. */
  readonly ctKey?: KeyType;
  readonly staticCt?: boolean;
  readonly rekorV1Key?: KeyType;
  readonly rekorV2Key?: KeyType;
  readonly rekorV1Host?: string;
  readonly rekorV2Host?: string;
  readonly tsaKey?: KeyType;
  readonly tsaHash?: HashName;
  /** Certificates of the timestamp authority: leaf and root (2), or with an intermediate (3, the default). */
  readonly tsaChain?: 2 | 3;
  /** Validity of all authority certificates; 2025-01-01 to 2035-01-01. */
  readonly lifetime?: Validity & { readonly end: Date };
  /** Trusted-root windows; from 2025-01-01 on, without an end. */
  readonly windows?: Partial<Record<'ca' | 'ct' | 'rekorV1' | 'rekorV2' | 'tsa', Validity>>;
  /** Entries of others in the logs: at the start (11), and after each entry of ours (3). */
  readonly fillers?: { readonly before: number; readonly after: number };
  /** Changes to authority certificates before they are signed. */
  readonly alter?: Partial<Record<'root' | 'intermediate' | 'tsaRoot' | 'tsaIntermediate' | 'tsaLeaf', FieldsEdit>>;
}

export const DEFAULT_NOW = new Date('2026-08-25T00:00:00Z');
const DEFAULT_LIFETIME = { start: new Date('2025-01-01T00:00:00Z'), end: new Date('2035-01-01T00:00:00Z') };
const REKOR_V1_TREE = 1193050959916656506n;

export function createInstance(options: InstanceOptions = {}): Instance {
  return new Instance(options);
}

export class Instance {
  readonly now: Date;
  /** Leaf issuer first, anchor last. */
  readonly ca: readonly Authority[];
  readonly ctLog: CtLog;
  readonly rekorV1: RekorV1Log;
  readonly rekorV2: RekorV2Log;
  /** Signing leaf first, anchor last; DER. */
  readonly tsaChain: readonly Uint8Array[];
  readonly tsaSigner: TimestampSigner;
  /** The authority that issued the timestamping leaf. */
  readonly tsaIssuer: Authority;
  readonly #windows: NonNullable<InstanceOptions['windows']>;

  constructor(options: InstanceOptions) {
    const { fillers = { before: 11, after: 3 } } = options;
    this.now = options.now ?? DEFAULT_NOW;
    this.#windows = options.windows ?? {};
    this.ca = makeCa(options);
    this.ctLog = new CtLog({ key: options.ctKey ?? 'p256', staticCt: options.staticCt ?? false });
    this.rekorV1 = new RekorV1Log({
      key: options.rekorV1Key ?? 'p256',
      host: options.rekorV1Host ?? 'rekor.testkit.example',
      treeId: REKOR_V1_TREE,
      firstIndex: 4_163_431,
      ...fillers,
    });
    this.rekorV2 = new RekorV2Log({ key: options.rekorV2Key ?? 'ed25519', host: options.rekorV2Host ?? 'log2026-1.testkit.example', ...fillers });
    const tsa = makeTsa(options);
    this.tsaChain = tsa.chain;
    this.tsaSigner = tsa.signer;
    this.tsaIssuer = tsa.issuer;
  }

  /** Issues signing certificates. */
  get issuer(): Authority {
    return this.ca[0] as Authority;
  }

  trustedRoot(): TrustedRootJson {
    return makeTrustedRoot({
      tlogs: [this.rekorV1, this.rekorV2].map((log) => ({
        baseUrl: log.baseUrl,
        key: log.key,
        logId: log.logId,
        validFor: this.#window(log === this.rekorV1 ? 'rekorV1' : 'rekorV2'),
      })),
      ctlogs: [{ baseUrl: this.ctLog.baseUrl, key: this.ctLog.key, logId: this.ctLog.logId, validFor: this.#window('ct') }],
      certificateAuthorities: [
        {
          uri: 'https://fulcio.testkit.example',
          organization: 'testkit.example',
          commonName: 'testkit',
          chain: this.ca.map(({ certificate }) => certificate),
          validFor: this.#window('ca'),
        },
      ],
      timestampAuthorities: [
        {
          uri: 'https://tsa.testkit.example/api/v1/timestamp',
          organization: 'testkit.example',
          commonName: 'testkit-tsa',
          chain: this.tsaChain,
          validFor: this.#window('tsa'),
        },
      ],
    });
  }

  #window(of: keyof NonNullable<InstanceOptions['windows']>): Validity {
    return this.#windows[of] ?? { start: DEFAULT_LIFETIME.start };
  }

  /** A bundle over `artifact`, with everything a verifier needs to judge it. */
  sign(artifact: Uint8Array, options: SignOptions = {}): Sample {
    return signWith(this, artifact, options);
  }
}

type AuthorityParts = Pick<AuthorityOptions, 'name' | 'key' | 'notBefore' | 'notAfter'> & { hash?: HashName };

function authorityParts(options: InstanceOptions, commonName: string, key: KeyType): AuthorityParts {
  const { start, end } = options.lifetime ?? DEFAULT_LIFETIME;
  return { name: { organization: 'testkit.example', commonName }, key: keyFor(commonName, key), notBefore: start, notAfter: end };
}

function makeCa(options: InstanceOptions): Authority[] {
  const { caKey = 'p256', caChain = 'intermediate', caHash, alter = {} } = options;
  const hash = caHash === undefined ? {} : { hash: caHash };
  const rootParts = { ...authorityParts(options, 'testkit root', caKey), ...hash };
  const root = authority((alter.root ?? same)(rootFields(rootParts)), rootParts, rootParts);
  if (caChain === 'root-only') return [root];

  const parts = { ...authorityParts(options, 'testkit intermediate', caKey), ...hash, purposes: [OID.codeSigning] };
  return [authority((alter.intermediate ?? same)(intermediateFields(root, parts)), parts, root), root];
}

function makeTsa(options: InstanceOptions): { chain: Uint8Array[]; signer: TimestampSigner; issuer: Authority } {
  const { tsaKey = 'p256', tsaChain = 3, tsaHash = 'sha256', alter = {} } = options;
  const rootParts = authorityParts(options, 'testkit timestamp root', tsaKey);
  const root = authority((alter.tsaRoot ?? same)(rootFields(rootParts)), rootParts, rootParts);
  const parts = { ...authorityParts(options, 'testkit timestamp intermediate', tsaKey), purposes: [OID.timeStamping] };
  const issuer = tsaChain === 2 ? root : authority((alter.tsaIntermediate ?? same)(intermediateFields(root, parts)), parts, root);

  const leafParts = authorityParts(options, 'testkit timestamp authority', tsaKey);
  const certificate = signCertificate((alter.tsaLeaf ?? same)(timestampingLeafFields(issuer, leafParts)), issuer);
  const issuers = issuer === root ? [root] : [issuer, root];
  return { chain: [certificate, ...issuers.map((one) => one.certificate)], signer: { key: leafParts.key, certificate, hash: tsaHash }, issuer };
}

const same: FieldsEdit = (fields) => fields;

/** A CA with the same names as the instance's issuer but another key: for forged certificates. */
export function impostorOf(real: Authority): Authority {
  const impostor = issueRoot({ name: {}, key: keyFor('impostor', 'p256'), notBefore: DEFAULT_LIFETIME.start, notAfter: DEFAULT_LIFETIME.end });
  return { ...impostor, subject: real.subject };
}
