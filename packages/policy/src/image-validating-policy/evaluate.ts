/**
 * One policy over one object, in this order (admission.md section 7): its conditions, its exceptions, digests where they are demanded, and its validations, of
 * which the first that does not hold is told. That images were verified at all is asked of the whole request, when every policy has been asked.
 */
import { type Check, isTrustError, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import { parseReference } from '@assay/oci';
import { type CelProgram, type CelValue, Meter, toCel } from '../engines/cel/index.ts';
import type { Credentials, Review } from '../kyverno/rule-policy.ts';
import type { CompiledSpec, NamedProgram } from './compile.ts';
import { evidenceOf } from './evidence-of-request.ts';
import { AttestorValue } from './image-functions.ts';
import { CATEGORIES, hasContainers, imagesOf } from './images-of.ts';
import { lookupsOf } from './lookups.ts';
import type { RequestFacts } from './match.ts';
import type { ImageValidatingPolicy, PolicyException } from './policy.ts';
import { provideVariables, Variables } from './variables.ts';
import { Verifier } from './verifier.ts';
import type { ImageValidatingWorld } from './world.ts';

export type Evaluation =
  /** Its conditions do not hold: it says nothing. */
  | { readonly kind: 'unmatched' }
  | { readonly kind: 'excepted'; readonly exceptions: readonly PolicyException[] }
  | {
      readonly kind: 'judged';
      readonly ok: boolean;
      /** Why not; '' when `ok`. */
      readonly message: string;
      /** Those that the policy covers, as they are written. */
      readonly images: readonly string[];
      readonly auditAnnotations: Readonly<Record<string, string>>;
      readonly checks: readonly Check[];
    };

/** Errors: what could not be evaluated; the policy then errs, and denies. */
export function evaluatePolicy(policy: ImageValidatingPolicy, compiled: CompiledSpec, review: Review, request: RequestFacts | undefined): Promise<Evaluation> {
  return new PolicyEvaluation(policy, compiled, review, request).run();
}

/** Whether the conditions of the policy hold, and no exception does: for what is done before it is judged. */
export function appliesTo(policy: ImageValidatingPolicy, compiled: CompiledSpec, review: Review, request: RequestFacts): Promise<boolean> {
  return new PolicyEvaluation(policy, compiled, review, request).applies();
}

/** Whether `matchImageReferences` covers the image. Without any, all are. */
export async function coversImage({ references }: CompiledSpec, image: string, meter: Meter): Promise<boolean> {
  if (references.length === 0) return true;
  for (const reference of references) {
    if ('glob' in reference ? reference.glob(image) : await reference.program.evaluate({ ref: image }, { meter })) return true;
  }
  return false;
}

export function credentialsOf({ spec: { credentials } }: ImageValidatingPolicy): Credentials {
  const { allowInsecureRegistry = false, providers = [], secrets = [] } = credentials ?? {};
  return { allowInsecureRegistry, providers, secrets };
}

class PolicyEvaluation {
  readonly #compiled: CompiledSpec;
  readonly #policy: ImageValidatingPolicy;
  readonly #world: ImageValidatingWorld;
  readonly #request: RequestFacts | undefined;
  readonly #meter = new Meter();
  readonly #variables = new Variables();
  readonly #verifier: Verifier;
  readonly #facts: Record<string, CelValue>;
  readonly #functions: Readonly<Record<string, (...values: never[]) => unknown>>;

  constructor(policy: ImageValidatingPolicy, compiled: CompiledSpec, review: Review, request: RequestFacts | undefined) {
    this.#policy = policy;
    this.#compiled = compiled;
    this.#request = request;
    this.#world = review.world;
    this.#facts = factsOf(review, request);
    const credentials = credentialsOf(policy);
    this.#verifier = new Verifier({
      policy,
      compiled,
      world: this.#world,
      credentials,
      evidence: evidenceOf(review),
      matches: (image) => coversImage(compiled, image, this.#meter),
      evaluate: (program) => this.#evaluate(program),
    });
    const verifier = this.#verifier;
    this.#functions = {
      ...lookupsOf(policy, this.#world, credentials),
      verifyImageSignatures: (image: string, attestors: readonly unknown[]) => verifier.verifyImageSignatures(image, attestors),
      verifyAttestationSignatures: (image: string, attestation: string, attestors: readonly unknown[]) =>
        verifier.verifyAttestationSignatures(image, attestation, attestors),
      extractPayload: (image: string, attestation: string) => verifier.extractPayload(image, attestation),
      getImageData: (image: string) => verifier.getImageData(image),
    };
  }

  async run(): Promise<Evaluation> {
    if (!(await this.#holdAll(this.#compiled.matchConditions))) return { kind: 'unmatched' };
    const exceptions = await this.#exceptions();
    if (exceptions.length > 0) return { kind: 'excepted', exceptions };
    const byCategory = await this.#images();
    const images = [...byCategory.values()].flat();
    const tagged = this.#compiled.spec.validationConfigurations.verifyDigest ? images.find(hasNoDigest) : undefined;
    if (tagged !== undefined) return this.#judged(`image ${quote(tagged, MAX_IMAGE)} does not have a digest`, images, {});
    // An image that is not there is no image that is good.
    await Promise.all([...new Set(images)].map((image) => this.#resolve(image)));
    this.#facts['images'] = byCategory;
    this.#facts['attestors'] = new Map(this.#compiled.attestors.map(({ attestor: { name } }) => [name, new AttestorValue(name)]));
    this.#facts['attestations'] = new Map(this.#compiled.spec.attestations.map(({ name }) => [name, name]));
    const message = await this.#firstFailure();
    return this.#judged(message, images, await this.#auditAnnotations());
  }

  async applies(): Promise<boolean> {
    return (await this.#holdAll(this.#compiled.matchConditions)) && (await this.#exceptions()).length === 0;
  }

  #judged(message: string | undefined, images: readonly string[], auditAnnotations: Readonly<Record<string, string>>): Evaluation {
    return { kind: 'judged', ok: message === undefined, message: message ?? '', images, auditAnnotations, checks: this.#verifier.checks };
  }

  /** One that is false decides, whatever is wrong with others. What is wrong is passed over where the policy says so. */
  async #holdAll(conditions: readonly NamedProgram[]): Promise<boolean> {
    let problem: TrustError | undefined;
    for (const { program } of conditions) {
      try {
        if ((await this.#evaluate(program)) !== true) return false;
      } catch (error) {
        if (!isTrustError(error)) throw error;
        problem ??= error;
      }
    }
    if (problem === undefined) return true;
    if (this.#compiled.spec.failurePolicy === 'Ignore') return false;
    throw problem;
  }

  /** Those that are for some images or values alone exempt nothing: the policy has no way to ask for them. */
  async #exceptions(): Promise<PolicyException[]> {
    const found: PolicyException[] = [];
    for (const { exception, conditions } of this.#compiled.exceptions) {
      const { expiresAt, images, allowedValues } = exception.spec;
      if (images.length > 0 || allowedValues.length > 0) continue;
      if (expiresAt !== undefined && Date.parse(expiresAt) <= this.#world.now.getTime()) continue;
      if (await this.#exempts(conditions, found.length > 0)) found.push(exception);
    }
    return found;
  }

  async #exempts(conditions: readonly NamedProgram[], alreadyExempt: boolean): Promise<boolean> {
    try {
      return await this.#holdAll(conditions);
    } catch (error) {
      if (alreadyExempt && isTrustError(error)) return false;
      throw error;
    }
  }

  /** By category; those that the policy does not cover are left out. */
  async #images(): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    if (this.#request !== undefined) {
      if (hasContainers(this.#request)) for (const category of CATEGORIES) found.set(category, []);
      for (const { category, image } of imagesOf(this.#request)) found.get(category)?.push(image);
    }
    for (const { name, program } of this.#compiled.images) found.set(name, textsOf(name, await this.#evaluate(program)));
    for (const [category, images] of found) {
      const covered = await Promise.all(images.map((image) => coversImage(this.#compiled, image, this.#meter)));
      found.set(
        category,
        images.filter((_, i) => covered[i]),
      );
    }
    return found;
  }

  async #resolve(image: string): Promise<void> {
    const subject = await this.#world.subject(image, credentialsOf(this.#policy));
    await subject.digest();
  }

  async #firstFailure(): Promise<string | undefined> {
    for (const [i, { program, message, messageProgram }] of this.#compiled.validations.entries()) {
      if ((await this.#evaluate(program)) === true) continue;
      const says = messageProgram === undefined ? message : await this.#message(messageProgram);
      return says === '' ? `CEL expression validation failed at index ${i}` : says;
    }
    return undefined;
  }

  async #message(program: CelProgram): Promise<string> {
    try {
      return String(await this.#evaluate(program));
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return `failed to evaluate message expression: ${error.message}`;
    }
  }

  async #auditAnnotations(): Promise<Record<string, string>> {
    const annotations: Record<string, string> = {};
    for (const { name, program } of this.#compiled.auditAnnotations) {
      const value = await this.#auditAnnotation(name, program);
      if (value !== '') annotations[name] = value;
    }
    return annotations;
  }

  async #auditAnnotation(name: string, program: CelProgram): Promise<string> {
    try {
      const value = await this.#evaluate(program);
      if (value === null) return '';
      if (typeof value === 'string') return value;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      throw new TrustError(error.code, `failed to evaluate auditAnnotation '${quote(name)}': ${error.message}`, { cause: error });
    }
    throw new TrustError('POLICY_CEL', `failed to convert auditAnnotation '${quote(name)}' expression: not a string`);
  }

  async #evaluate(program: CelProgram): Promise<CelValue> {
    await provideVariables(program, this.#compiled.variables, this.#variables, (variable) => this.#evaluateAlone(variable));
    return this.#evaluateAlone(program);
  }

  #evaluateAlone(program: CelProgram): Promise<CelValue> {
    const host = { now: this.#world.now, functions: this.#functions };
    return program.evaluate({ ...this.#facts, variables: this.#variables }, { host, meter: this.#meter });
  }
}

/** As messages show it: names of images come from those who want them in. */
const MAX_IMAGE = 1000;

function hasNoDigest(image: string): boolean {
  return parseReference(image).digest === undefined;
}

function textsOf(name: string, value: CelValue): string[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw new TrustError('POLICY_CEL', `images ${quote(name)}: a list of texts is expected`);
  return value;
}

/** What expressions see of the request. */
function factsOf(review: Review, request: RequestFacts | undefined): Record<string, CelValue> {
  if (request === undefined) return { object: toCel(review.object) };
  const { object, oldObject } = review;
  return {
    object: toCel(object),
    oldObject: toCel(oldObject),
    request: toCel(requestJson(review, request)),
    namespaceObject: request.namespace === '' ? null : toCel(namespaceJson(request)),
  };
}

function requestJson(
  { object, oldObject, user }: Review,
  { group, version, kind, resource, subresource, operation, name, namespace }: RequestFacts,
): JsonObject {
  const what = { group, version, kind };
  const which = { group, version, resource };
  return {
    kind: what,
    resource: which,
    subResource: subresource,
    requestKind: what,
    requestResource: which,
    requestSubResource: subresource,
    name,
    namespace,
    operation,
    userInfo: { username: user?.username ?? '', groups: [...(user?.groups ?? [])] },
    object: object ?? null,
    oldObject: oldObject ?? null,
    dryRun: false,
  };
}

function namespaceJson({ namespace, namespaceLabels }: RequestFacts): Json {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace, ...namespaceLabels } } };
}
