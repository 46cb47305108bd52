/** Random native policies, and a pool of evidence that was signed once: what may be beside an image is a part of it. */
import { fromHex, parseTrustedRoot, utf8 } from '@assay/core';
import { encodeStatement, generateKey, type SigningKey } from '@assay/make';
import { type Digest, digestOf, type Evidence, type FindEvent } from '@assay/oci';
import { createInstance, type SignOptions } from '@assay/testkit';
import fc from 'fast-check';
import { FoundEvidence, namedImage, type Subject, subjectOf } from '../src/index.ts';
import type { NativeAttestation, NativeSigner, NativeSpec } from '../src/native/index.ts';

const instance = createInstance();
const KEYS: readonly SigningKey[] = [generateKey('p256'), generateKey('p256')];
const ROOT = parseTrustedRoot(utf8(JSON.stringify(instance.trustedRoot())));
const DIGEST = `sha256:${'5a'.repeat(32)}` as Digest;
const NAME = 'registry.example/acme/app';
const TYPES = {
  signature: 'https://sigstore.dev/cosign/sign/v1',
  cyclonedx: 'https://cyclonedx.org/bom',
  vuln: 'https://cosign.sigstore.dev/attestation/vuln/v1',
};

const HOUR = 3_600_000;
const WORKFLOW = (tag: string, repository = 'assay-testkit/widget'): SignOptions => {
  const ref = `refs/tags/${tag}`;
  const job = `${repository}/.github/workflows/release.yml@${ref}`;
  return { githubClaims: { repository, ref, job_workflow_ref: job, workflow_ref: job } };
};
const MAKERS: readonly SignOptions[] = [
  WORKFLOW('v1.2.3'),
  WORKFLOW('v1.2.4'),
  WORKFLOW('v1.2.3', 'evil/widget'),
  { identity: { type: 'email', value: 'a@example.org' }, oidcIssuer: 'https://accounts.example' },
  { key: KEYS[0] as SigningKey },
  { key: KEYS[1] as SigningKey, log: 'none', timestamp: false },
];

/** Each maker has signed the image, and attested two things of it, of which one is old and one is new. */
export const POOL: readonly Evidence[] = MAKERS.flatMap((maker) => [
  evidence(maker, TYPES.signature, {}),
  evidence(maker, TYPES.cyclonedx, { specVersion: '1.6', count: 3 }),
  evidence(maker, TYPES.cyclonedx, { specVersion: '1.4', count: 1 }, 40 * 24),
  evidence(maker, TYPES.vuln, { scanner: { uri: 'x' } }),
]);

function evidence(maker: SignOptions, predicateType: string, predicate: object, ageHours = 1): Evidence {
  const subjects = [{ name: NAME, digests: { sha256: fromHex(DIGEST.slice('sha256:'.length)) } }];
  const payload = encodeStatement({ subjects, predicateType, predicate: predicate as never });
  const signedAt = new Date(instance.now.getTime() - ageHours * HOUR);
  const content = instance.sign(utf8(''), { content: 'dsse', payload, signedAt, ...maker }).bundleBytes;
  return { format: 'bundle', reference: `${predicateType} ${ageHours}`, content, annotations: {}, digest: digestOf(content) };
}

/** The image, with these pieces beside it. */
export function subjectWith(pieces: readonly Evidence[], tag: string | undefined = '1.2.3'): Subject {
  const image = namedImage(`${NAME}${tag === undefined ? '' : `:${tag}`}@${DIGEST}`);
  const options = {
    registries: { repository: () => ({ name: NAME }) } as never,
    defaultRoot: async () => ROOT,
    trustRoot: async () => ROOT,
    engines: { evaluate: async () => Promise.reject(new TypeError('no engine was asked for')) },
    now: instance.now,
  };
  return { ...subjectOf(image, options), evidence: new Pieces(pieces) };
}

class Pieces extends FoundEvidence {
  readonly #pieces: readonly Evidence[];

  constructor(pieces: readonly Evidence[]) {
    super();
    this.#pieces = pieces;
  }

  override async *in(): AsyncGenerator<FindEvent, void, void> {
    for (const piece of this.#pieces) yield { kind: 'evidence', evidence: piece };
    yield { kind: 'answer', answer: { place: 'here', says: `${this.#pieces.length} pieces` } };
  }
}

/** Which of the pool are there. */
export const pieces = fc.subarray([...POOL]);

const trust = fc.record({ log: fc.constantFrom('required' as const, 'ignored' as const) }, { requiredKeys: [] });
const github = fc.record(
  {
    github: fc.constantFrom('assay-testkit/widget', 'assay-testkit/*', 'evil/widget'),
    workflow: fc.constantFrom('release.yml', 'other.yml'),
    tag: fc.constantFrom('v{tag}', 'v*', 'v1.2.4'),
  },
  { requiredKeys: ['github'] },
);
const ISSUER = 'https://token.actions.githubusercontent.com';
const SAN = 'https://github.com/assay-testkit/widget/.github/workflows/release.yml@refs/tags/';
/** What every dialect can say. */
export const identity: fc.Arbitrary<NativeSigner> = fc.constantFrom<NativeSigner>(
  { issuer: ISSUER, subject: `${SAN}v1.2.3` },
  { issuer: ISSUER, subjectPattern: `${SAN.replaceAll('.', '\\.')}v1.*` },
  { issuerPattern: 'https://accounts\\..*', subject: 'a@example.org' },
  { issuer: 'https://accounts.example', subjectPattern: '.*@example\\.org' },
);
export const key = fc.record({ key: fc.constantFrom(...KEYS.map(({ publicPem }) => publicPem)), trust }, { requiredKeys: ['key'] });
const signer: fc.Arbitrary<NativeSigner> = fc.oneof(github, identity, key);

const where = fc.array(
  fc.constantFrom<NonNullable<NativeAttestation['where']>[number]>(
    { path: 'predicate.specVersion', equals: '1.6' },
    { path: 'predicate.specVersion', matches: '1\\.[0-9]' },
    { path: 'predicate.count', atLeast: 2 },
    { path: 'predicate.scanner', exists: false },
  ),
  { minLength: 1, maxLength: 2 },
);

/** Of policies that demand much, nothing is let in: so most of what could be there is not. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { freq: 3, nil: undefined });
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { freq: 1, nil: undefined });

function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

/** `one`: who may have signed. */
export function specs(one: fc.Arbitrary<NativeSigner>, conditions: 'with conditions' | 'without conditions'): fc.Arbitrary<NativeSpec> {
  const none = fc.constant(undefined);
  const isBare = conditions === 'without conditions';
  const signers = fc.array(one, { minLength: 1, maxLength: 3 });
  const maxAge = isBare ? none : rarely(fc.constantFrom('30m', '30d', '60d'));
  const type = fc.oneof({ weight: 5, arbitrary: fc.constantFrom('cyclonedx', 'vuln') }, { weight: 1, arbitrary: fc.constant('https://example.org/none') });
  const attestation = fc.record({ type, signers: seldom(signers), where: isBare ? none : rarely(where), maxAge }).map(present);
  const attestations = seldom(fc.array(attestation, { minLength: 1, maxLength: 2 }));
  const part = fc
    .record({ signers: seldom(signers), attestations, maxAge })
    .map(present)
    .map((block) => ((block.signers ?? block.attestations) === undefined ? { signature: 'required' as const } : block));
  const parts = fc.array(part, { minLength: 1, maxLength: 2 });
  const signature = rarely(fc.constant('required' as const));
  return fc
    .record({ signers, attestations, trust: rarely(trust), maxAge, signature, any: rarely(parts), all: rarely(parts) })
    .map(present) as fc.Arbitrary<NativeSpec>;
}

export const anySpec: fc.Arbitrary<NativeSpec> = specs(signer, 'with conditions');
export const NOW = instance.now;
