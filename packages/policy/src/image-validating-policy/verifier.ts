/**
 * The functions that verify, for one policy and one object. An attestor counts when its demand is met, and `judge` alone says so; what cannot be asked counts
 * for nothing, and is an error where nothing else counts either: a registry that is down is not an unsigned image.
 */
import { type Check, isTrustError, parseJson, quote, TrustError } from '@assay/core';
import { attestationPayload } from '../cluster-image-policy/payload.ts';
import { type CelProgram, type CelValue, toCel } from '../engines/cel/index.ts';
import { judge } from '../judge/judge.ts';
import { type Outcome, unavailable } from '../judge/outcome.ts';
import type { Subject } from '../judge/subject.ts';
import type { Credentials } from '../kyverno/rule-policy.ts';
import { type ResolvedAttestor, resolveAttestor } from './attestor.ts';
import { verificationKey } from './cache-key.ts';
import type { CompiledSpec } from './compile.ts';
import type { RequestEvidence } from './evidence-of-request.ts';
import { AttestorValue } from './image-functions.ts';
import type { ImageValidatingPolicy } from './policy.ts';
import type { Attestation } from './types.ts';
import type { ImageValidatingWorld } from './world.ts';

export interface VerifierOptions {
  readonly policy: ImageValidatingPolicy;
  readonly compiled: CompiledSpec;
  readonly world: ImageValidatingWorld;
  readonly credentials: Credentials;
  readonly evidence: RequestEvidence;
  /** Whether `matchImageReferences` covers the image. */
  matches(image: string): Promise<boolean>;
  evaluate(program: CelProgram): Promise<CelValue>;
}

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #attestors = new Map<string, Promise<ResolvedAttestor>>();
  readonly #outcomes = new Map<string, Promise<Outcome>>();
  /** Of attestations that verified, by image and name. */
  readonly #payloads = new Map<string, string>();
  readonly #checks: Check[] = [];

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /** Of all that was asked, in the order in which it was. */
  get checks(): readonly Check[] {
    return this.#checks;
  }

  /** How many of the attestors have signed it. Images that the policy does not cover are signed by nobody. */
  async verifyImageSignatures(image: string, attestors: readonly unknown[]): Promise<bigint> {
    const names = namesOf(attestors);
    if (!(await this.#options.matches(image))) return 0n;
    const subject = await this.subject(image);
    const key = await this.#key('signature', '', names, subject);
    if (this.#cached(key) !== undefined) return this.#counted(image, names.length, names.length);
    const outcomes: Outcome[] = [];
    for (const name of names) outcomes.push(await this.#judged(name, subject, '', ({ signed }) => signed));
    return this.#conclude(image, outcomes, key, undefined);
  }

  /** How many of the attestors have signed an attestation of this kind. */
  async verifyAttestationSignatures(image: string, attestation: string, attestors: readonly unknown[]): Promise<bigint> {
    const names = namesOf(attestors);
    if (!(await this.#options.matches(image))) return 0n;
    const { intoto } = this.#attestation(attestation);
    const subject = await this.subject(image);
    if (intoto === undefined) throw new TrustError('POLICY_UNRESOLVED', 'cosign attestors only sign in-toto attestations');
    const key = await this.#key('attestation', attestation, names, subject);
    const cached = this.#cached(key);
    if (cached?.payload !== undefined) {
      this.#payloads.set(payloadKey(image, attestation), cached.payload);
      return this.#counted(image, names.length, names.length);
    }
    const outcomes: Outcome[] = [];
    for (const name of names) outcomes.push(await this.#judged(name, subject, `attestation ${intoto.type}`, ({ attested }) => attested(intoto.type)));
    // Of several the last one stands, as it was found.
    const shown = outcomes.flatMap((outcome) => (outcome.ok ? outcome.shown : [])).at(-1)?.verified.statement;
    const payload = shown === undefined ? undefined : attestationPayload(intoto.type, { statement: shown.payload }).json;
    if (payload !== undefined) this.#payloads.set(payloadKey(image, attestation), payload);
    return this.#conclude(image, outcomes, key, payload);
  }

  /** The statement of an attestation that this policy has verified before. */
  extractPayload(image: string, attestation: string): CelValue {
    const { referrer } = this.#attestation(attestation);
    // Kyverno would read one that nobody has signed.
    if (referrer !== undefined) throw new TrustError('POLICY_UNRESOLVED', 'failed to get payload: referrers that are no in-toto attestations are not verified');
    const payload = this.#payloads.get(payloadKey(image, attestation));
    if (payload === undefined)
      throw new TrustError('POLICY_UNRESOLVED', 'failed to get payload: intoto attestation payload cannot be fetch before verifying intoto attestation');
    return toCel(parseJson(payload));
  }

  async getImageData(image: string): Promise<CelValue> {
    const { world, credentials } = this.#options;
    return toCel(await imageDataFailure(() => world.imageData(image, credentials)));
  }

  /** Errors: those of the registry, with Kyverno's words before them. */
  subject(image: string): Promise<Subject> {
    const { world, credentials } = this.#options;
    return imageDataFailure(async () => {
      const subject = await world.subject(image, credentials);
      await subject.digest();
      return subject;
    });
  }

  #attestation(name: string): Attestation {
    const found = this.#options.compiled.spec.attestations.find((one) => one.name === name);
    if (found === undefined) throw new TrustError('POLICY_CEL', `attestation not found in policy: ${quote(name)}`);
    return found;
  }

  /** The same question is asked once, however often the expressions ask it. */
  #judged(name: string, subject: Subject, what: string, demand: (attestor: ResolvedAttestor) => Parameters<typeof judge>[0]): Promise<Outcome> {
    const question = JSON.stringify([name, subject.image.text, what]);
    const asked = this.#outcomes.get(question) ?? this.#attestor(name).then((attestor) => judge(demand(attestor), subject, { exhaustive: what !== '' }));
    this.#outcomes.set(question, asked);
    return asked;
  }

  #attestor(name: string): Promise<ResolvedAttestor> {
    const known = this.#attestors.get(name);
    if (known !== undefined) return known;
    const { compiled, world, evaluate } = this.#options;
    const found = compiled.attestors.find(({ attestor }) => attestor.name === name);
    if (found === undefined) throw new TypeError('an attestor that no policy has');
    const resolved = resolveAttestor(found, { world, evaluate: async (program) => String(await evaluate(program)) });
    this.#attestors.set(name, resolved);
    return resolved;
  }

  #conclude(image: string, outcomes: readonly Outcome[], key: string | undefined, payload: string | undefined): bigint {
    for (const { check } of outcomes) if (!this.#checks.includes(check)) this.#checks.push(check);
    const held = outcomes.filter(({ ok }) => ok).length;
    if (held === 0) {
      const problem = outcomes.map(unavailable).find((one) => one !== undefined);
      if (problem !== undefined) {
        this.#options.evidence.record(image, false);
        throw problem;
      }
    }
    if (held > 0 && held === outcomes.length && key !== undefined) this.#options.world.verifications?.set(key, payload === undefined ? {} : { payload });
    return this.#counted(image, held, outcomes.length);
  }

  #counted(image: string, held: number, asked: number): bigint {
    if (asked > 0) this.#options.evidence.record(image, held > 0);
    return BigInt(held);
  }

  async #key(verifies: 'signature' | 'attestation', attestation: string, attestors: readonly string[], subject: Subject): Promise<string | undefined> {
    const { policy, compiled, world } = this.#options;
    const computed = compiled.attestors.some(({ attestor, programs }) => programs.size > 0 && attestors.includes(attestor.name));
    // Whom an expression names may be another one next time; and a policy of a file has no version.
    if (world.verifications === undefined || computed || policy.uid === '' || attestors.length === 0) return undefined;
    const { uid, resourceVersion } = policy;
    return verificationKey({ uid, resourceVersion, verifies, attestation, attestors, image: `${subject.image.repository}@${await subject.digest()}` });
  }

  #cached(key: string | undefined): { readonly payload?: string } | undefined {
    return key === undefined ? undefined : this.#options.world.verifications?.get(key);
  }
}

function namesOf(attestors: readonly unknown[]): string[] {
  return attestors.map((attestor) => {
    const name = AttestorValue.nameOf(attestor);
    if (name === undefined) throw new TrustError('POLICY_CEL', 'attestors are named as attestors.NAME');
    return name;
  });
}

function payloadKey(image: string, attestation: string): string {
  return JSON.stringify([image, attestation]);
}

async function imageDataFailure<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new TrustError(error.code, `failed to get imagedata: ${error.message}`, { hint: error.hint, cause: error });
  }
}
