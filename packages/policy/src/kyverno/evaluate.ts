/**
 * Rules over images, for one object under review (admission.md 6.4 and 6.5): the mutating half verifies images, pins them and notes what it found; the
 * validating half looks at what was noted.
 *
 * A rule that cannot be evaluated errs, and an error refuses (unless the policy says otherwise): a policy that is not valid, a variable that leads nowhere, a
 * context entry that cannot be loaded, conditions in a language that is not read here.
 */
import { type Check, isJsonObject, isTrustError, type Json, type JsonObject, parseJson, quote, TrustError } from '@assay/core';
import { judge } from '../judge/judge.ts';
import type { Outcome } from '../judge/outcome.ts';
import type { Subject } from '../judge/subject.ts';
import { matchesWildcard } from '../judge/text-pattern.ts';
import { allRules } from './autogen.ts';
import { type VerdictCache, verdictKey } from './cache-key.ts';
import { attestationFailure, attestorCauses, networkProblem } from './causes.ts';
import { compileAttestation, compileAttestors } from './compile.ts';
import { evaluateBlocks, parseConditions } from './conditions.ts';
import type { Context } from './context.ts';
import { type Converted, converted } from './deprecated.ts';
import { type ExtractedImage, extractImages, imageVariable } from './extract.ts';
import { imageText } from './image.ts';
import { exceptionMatches, type Matched, matchedOf, ruleMatches, selectorHolds } from './match.ts';
import { addImage, type ImageStatus, type Metadata, merged, NO_METADATA, readScoped, scopedStatus } from './metadata.ts';
import type { KyvernoException, KyvernoPolicy, PolicyRule } from './policy.ts';
import { readAs } from './read.ts';
import { reviewContext } from './review-context.ts';
import type { Credentials, Mutation, Patch, Review, RulePolicy, RuleResult, RuleStatus } from './rule-policy.ts';
import { type ImageVerification, ruleSchema } from './types.ts';
import { validateKyverno } from './validate-policy.ts';
import { substitute } from './variables.ts';

export interface RulePolicyOptions {
  readonly exceptions?: readonly KyvernoException[];
}

export function clusterPolicy(policy: KyvernoPolicy, options: RulePolicyOptions = {}): RulePolicy {
  return new ClusterPolicyRules(policy, options);
}

class ClusterPolicyRules implements RulePolicy {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly ruleCount: number;
  readonly unhandled: readonly string[];
  readonly #policy: KyvernoPolicy;
  readonly #rules: readonly PolicyRule[];
  readonly #options: RulePolicyOptions;
  /** Why no rule of it may be relied on. */
  readonly #invalid: string | undefined;

  constructor(policy: KyvernoPolicy, options: RulePolicyOptions) {
    const { kind, name, namespace, uid, resourceVersion, annotations, spec } = policy;
    this.kind = kind;
    this.name = name;
    this.namespace = namespace;
    this.uid = uid;
    this.resourceVersion = resourceVersion;
    this.annotations = annotations;
    this.failurePolicy = spec.webhookConfiguration?.failurePolicy ?? spec.failurePolicy ?? 'Fail';
    this.#policy = policy;
    this.#options = options;
    this.#rules = allRules(policy);
    this.ruleCount = this.#rules.length;
    this.unhandled = policy.rules.filter((rule) => rule.kind !== 'verifyImages').map((rule) => `${rule.name} (${rule.kind})`);
    this.#invalid = validateKyverno(policy).errors[0];
  }

  async mutate(review: Review): Promise<Mutation> {
    const results: RuleResult[] = [];
    const patches: Patch[] = [];
    let metadata = NO_METADATA;
    for (const run of this.#runs(review)) {
      // As later rules see it: pinned by those before.
      const outcome = await guarded(run, () => run.mutate());
      results.push(...outcome.results);
      patches.push(...outcome.patches);
      metadata = merged(metadata, outcome.metadata);
      if (this.#policy.spec.applyRules === 'One' && outcome.results.some(({ status }) => status !== 'skip')) break;
    }
    return { results, patches, metadata };
  }

  async validate(review: Review): Promise<readonly RuleResult[]> {
    if (review.operation === 'DELETE') return [];
    const results: RuleResult[] = [];
    for (const run of this.#runs(review)) {
      results.push(...(await guarded(run, () => run.validate())).results);
      if (this.#policy.spec.applyRules === 'One' && results.some(({ status }) => status !== 'skip')) break;
    }
    return results;
  }

  /** The rules over images that are about the object. */
  #runs(review: Review): RuleRun[] {
    const matched = matchedOf(review);
    const { object } = review;
    if (matched === undefined || object === undefined || review.payload === true) return [];
    return this.#rules
      .filter(({ kind, rule }) => kind === 'verifyImages' && ruleMatches(rule, matched, this.namespace))
      .map((rule) => new RuleRun(this.#policy, rule, { ...review, object }, matched, this.#options, this.#invalid));
  }
}

/** What one rule says of one object. */
interface RuleOutcome {
  readonly results: readonly RuleResult[];
  readonly patches: readonly Patch[];
  readonly metadata: Metadata;
}

const NOTHING: RuleOutcome = { results: [], patches: [], metadata: NO_METADATA };

async function guarded(run: RuleRun, evaluate: () => Promise<RuleOutcome>): Promise<RuleOutcome> {
  try {
    return await evaluate();
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { ...NOTHING, results: [run.result('error', error.message)] };
  }
}

interface ObjectReview extends Review {
  readonly object: JsonObject;
}

class RuleRun {
  readonly #policy: KyvernoPolicy;
  readonly #name: string;
  readonly #rule: PolicyRule['rule'];
  readonly #review: ObjectReview;
  readonly #matched: Matched;
  readonly #options: RulePolicyOptions;
  readonly #invalid: string | undefined;
  readonly #action: 'Enforce' | 'Audit';

  constructor(
    policy: KyvernoPolicy,
    { name, rule }: PolicyRule,
    review: ObjectReview,
    matched: Matched,
    options: RulePolicyOptions,
    invalid: string | undefined,
  ) {
    this.#policy = policy;
    this.#name = name;
    this.#rule = rule;
    this.#review = review;
    this.#matched = matched;
    this.#options = options;
    this.#invalid = invalid;
    this.#action = actionOf(policy, rule.verifyImages ?? [], matched);
  }

  result(status: RuleStatus, message: string, more: { readonly check?: Check; readonly warns?: true } = {}): RuleResult {
    const told = this.#policy.spec.emitWarning === true && (status === 'fail' || status === 'error') && this.#action === 'Audit';
    return {
      policy: this.#policy.name,
      rule: this.#name,
      status,
      message,
      action: this.#action,
      kind: 'ImageVerify',
      ...(told && { warns: true as const }),
      ...more,
    };
  }

  async mutate(): Promise<RuleOutcome> {
    const begun = await this.#begin();
    if ('results' in begun) return begun;
    const { images, context } = begun;
    const blocks = await this.#substituted(context);
    const results: RuleResult[] = [];
    const patches: Patch[] = [];
    let metadata = NO_METADATA;
    for (const [index, block] of blocks.entries()) {
      const verifier = new BlockRun(this, this.#policy, this.#review, block, index, context, this.#isContextual());
      for (const image of images) {
        if (!matchesAny(imageText(image), verifier.references)) continue;
        const outcome = await verifier.image(image, this.#rule.name);
        results.push(...outcome.results);
        patches.push(...outcome.patches);
        metadata = merged(metadata, outcome.metadata);
      }
    }
    return { results, patches, metadata };
  }

  async validate(): Promise<RuleOutcome> {
    const blocks = this.#rule.verifyImages ?? [];
    if (!blocks.some(({ verifyDigest, required }) => verifyDigest || required)) return NOTHING;
    const begun = await this.#begin();
    if ('results' in begun) return begun;
    const seen: { readonly text: string; readonly status: ImageStatus | 'free' }[] = [];
    const pairs = blocks.flatMap((block) => begun.images.map((image) => ({ block, image, text: imageText(image) })));
    for (const { block, image, text } of pairs.filter(({ block, text }) => matchesAny(text, converted(block).imageReferences))) {
      if (block.verifyDigest && image.digest === '') return this.#only('fail', `missing digest for ${text}`);
      const status = block.required ? this.#noted(text) : 'free';
      if (status === 'fail') return this.#only('fail', `unverified image ${text}`);
      seen.push({ text, status });
    }
    const skipped = seen.filter(({ status }) => status === 'skip').map(({ text }) => text);
    if (skipped.length === 0) return this.#only('pass', 'image verified');
    const images = `skipped images: ${skipped.join(' ')}`;
    return seen.some(({ status }) => status === 'pass') ? this.#only('pass', `image verified, ${images}`) : this.#only('skip', `image skipped, ${images}`);
  }

  #noted(image: string): ImageStatus {
    return scopedStatus(this.#review.produced, { namespace: this.#policy.namespace, policy: this.#policy.name, rule: this.#name }, image);
  }

  #only(status: RuleStatus, message: string, check?: Check): RuleOutcome {
    return { ...NOTHING, results: [this.result(status, message, check === undefined ? {} : { check })] };
  }

  /** What both halves ask first. An outcome: there is no more to ask. */
  async #begin(): Promise<RuleOutcome | { readonly images: readonly ExtractedImage[]; readonly context: Context }> {
    if (this.#invalid !== undefined) return this.#only('error', `the policy is not valid: ${this.#invalid}`);
    const { webhookConfiguration } = this.#policy.spec;
    if ((webhookConfiguration?.matchConditions ?? []).length > 0) return this.#only('error', 'webhookConfiguration.matchConditions are not supported');
    if ((this.#rule.celPreconditions ?? []).length > 0) return this.#only('error', 'celPreconditions are not supported for rules that verify images');
    const { context: base, images } = await stepped('failed to instantiate handler', async () => {
      const bare = reviewContext(this.#review, this.#policy, this.#rule);
      const found = extractImages(this.#review.object, this.#rule.imageExtractors, bare(undefined));
      return { context: bare(found), images: found };
    });
    const references = (this.#rule.verifyImages ?? []).flatMap((block) => converted(block).imageReferences);
    const matching = images.filter((image) => matchesAny(imageText(image), references));
    if (matching.length === 0) return NOTHING;
    const preconditions = await stepped('failed to evaluate preconditions', () => evaluateBlocks(parseConditions(this.#rule.preconditions), base));
    if (!preconditions.holds) return this.#only('skip', ['preconditions not met', preconditions.message].filter((text) => text !== '').join('; '));
    const exceptions = await this.#exceptions(base);
    if (exceptions.length > 0) return this.#only('skip', `rule is skipped due to policy exceptions${exceptions.join(', ')}`);
    return { images: matching, context: base };
  }

  async #exceptions(context: Context): Promise<string[]> {
    const { namespace, name } = this.#policy;
    const key = namespace === '' ? name : `${namespace}/${name}`;
    const found: string[] = [];
    for (const exception of this.#options.exceptions ?? []) {
      const { spec } = exception;
      const named = (spec.exceptions ?? []).some(({ policyName, ruleNames }) => policyName === key && matchesAny(this.#name, ruleNames));
      if (!named || !exceptionMatches(spec, this.#matched)) continue;
      if (await this.#exempts(spec.conditions, context)) found.push(exception.namespace === '' ? exception.name : `${exception.namespace}/${exception.name}`);
    }
    return found;
  }

  /** An exception whose conditions cannot be evaluated is none. */
  async #exempts(conditions: Json | undefined, context: Context): Promise<boolean> {
    try {
      return (await evaluateBlocks(parseConditions(conditions), context)).holds;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return false;
    }
  }

  /** Conditions keep their variables: they are over what is not known yet. */
  #substituted(context: Context): Promise<ImageVerification[]> {
    return stepped('failed to substitute variables', async () => {
      const blocks = this.#rule.verifyImages ?? [];
      const bare = blocks.map(({ attestations, validate, ...block }) => ({
        ...block,
        attestations: attestations?.map(({ conditions: _, ...attestation }) => attestation),
      }));
      const written = await substitute(bare, context, '/verifyImages');
      const read = readAs(ruleSchema.shape.verifyImages, written, 'verifyImages') ?? [];
      return read.map((block, i) => ({
        ...block,
        attestations: block.attestations?.map((one, j) => ({ ...one, conditions: blocks[i]?.attestations?.[j]?.conditions })),
        validate: blocks[i]?.validate,
      }));
    });
  }

  /** Whether what it says depends on more than the image. */
  #isContextual(): boolean {
    return JSON.stringify(this.#rule).includes('{{') || (this.#rule.context ?? []).length > 0;
  }
}

/** One block of `verifyImages`, its variables resolved. */
class BlockRun {
  readonly references: readonly string[];
  readonly #rule: RuleRun;
  readonly #policy: KyvernoPolicy;
  readonly #review: ObjectReview;
  readonly #block: ImageVerification;
  readonly #index: number;
  readonly #demanded: Converted;
  readonly #context: Context;
  readonly #cache: VerdictCache | undefined;

  constructor(rule: RuleRun, policy: KyvernoPolicy, review: ObjectReview, block: ImageVerification, index: number, context: Context, isContextual: boolean) {
    this.#rule = rule;
    this.#policy = policy;
    this.#review = review;
    this.#block = block;
    this.#index = index;
    this.#demanded = converted(block);
    this.references = this.#demanded.imageReferences;
    this.#context = context;
    this.#cache = block.useCache && !isContextual ? review.world.verdicts : undefined;
  }

  async image(image: ExtractedImage, ruleName: string): Promise<RuleOutcome> {
    const { mutateDigest } = this.#block;
    const scope = { namespace: this.#policy.namespace, policy: this.#policy.name, rule: ruleName };
    const text = imageText(image);
    if (this.#isUnchanged(image) && isKept(this.#review, scope, text)) return { ...NOTHING, metadata: addImage(NO_METADATA, scope, text, 'pass') };
    const verdict = await this.#verdict(image, ruleName);
    const results = verdict.result === undefined ? [] : [verdict.result];
    const patches: Patch[] = [];
    let noted = text;
    // Also of an image that is refused: it is noted by the name that it has then.
    if (mutateDigest && image.digest === '') {
      const digest = await this.#pinned(image, verdict.digest);
      if (typeof digest === 'string') {
        patches.push({ op: 'replace', path: image.pointer, value: `${text}@${digest}` });
        noted = imageText({ ...image, digest });
        if (verdict.result === undefined) results.push(this.#rule.result('pass', 'mutated image digest'));
      } else results.unshift(digest);
    }
    const { attestors, attestations } = this.#demanded;
    const demands = attestors.length + attestations.length > 0;
    const metadata = demands && verdict.result !== undefined ? addImage(NO_METADATA, scope, noted, imageStatus(verdict.result.status)) : NO_METADATA;
    return { results, patches, metadata };
  }

  #isUnchanged({ pointer }: ExtractedImage): boolean {
    const { object, oldObject } = this.#review;
    if (oldObject === undefined) return false;
    const [now, before] = [valueAt(object, pointer), valueAt(oldObject, pointer)];
    return typeof now === 'string' && now === before;
  }

  async #pinned(image: ExtractedImage, digest: string | undefined): Promise<string | RuleResult> {
    try {
      return digest ?? (await (await this.#subject(image)).digest());
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return this.#rule.result('error', `failed to update digest: ${error.message}`);
    }
  }

  async #verdict(image: ExtractedImage, ruleName: string): Promise<Verdict> {
    const key = await this.#cacheKey(image, ruleName);
    if (key === undefined || this.#cache === undefined) return this.#verified(image, ruleName);
    let own: Verdict | undefined;
    const digest = await this.#cache.pass(key, async () => {
      own = await this.#verified(image, ruleName);
      return own.result?.status === 'pass' ? own.digest : undefined;
    });
    if (own !== undefined) return own;
    // Whoever asked at the same time was refused: in words of its own.
    return digest === undefined ? this.#verified(image, ruleName) : { result: this.#rule.result('pass', 'verified from cache'), digest };
  }

  /** By digest, whatever the image is called. A name that is not pinned may mean another image the next time. */
  async #cacheKey(image: ExtractedImage, rule: string): Promise<string | undefined> {
    if (this.#cache === undefined || (image.digest === '' && !this.#block.mutateDigest)) return undefined;
    const { uid, resourceVersion } = this.#policy;
    const { secrets, providers } = this.#credentials();
    try {
      const digest = image.digest === '' ? await (await this.#subject(image)).digest() : image.digest;
      const credentials = [...providers, ...secrets];
      return verdictKey({ uid, resourceVersion, rule, block: this.#index, image: imageText({ ...image, digest }), credentials });
    } catch (error) {
      // Verification meets the same, and says so.
      if (isTrustError(error)) return undefined;
      throw error;
    }
  }

  async #verified(image: ExtractedImage, ruleName: string): Promise<Verdict> {
    const { attestors, attestations } = this.#demanded;
    const text = imageText(image);
    const denies = this.#block.validate?.deny !== undefined && this.#block.validate.deny !== null;
    if (attestors.length + attestations.length === 0 && !denies) return {};
    if (matchesAny(text, this.#block.skipImageReferences ?? [])) {
      const says = `skipping image reference image ${text}, policy ${this.#policy.name} ruleName ${ruleName}`;
      return { result: this.#rule.result('skip', says, { warns: true }) };
    }
    try {
      return await this.#judged(image, ruleName);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      const status = error.kind === 'unavailable' ? 'error' : 'fail';
      return { result: this.#rule.result(status, `failed to verify image ${text}: ${quote(error.message, 1000)}`) };
    }
  }

  async #judged(image: ExtractedImage, ruleName: string): Promise<Verdict> {
    const { attestors, attestations } = this.#demanded;
    const { world } = this.#review;
    const subject = await this.#subject(image);
    let context = this.#context.with({ image: imageVariable(image) });
    let text = imageText(image);
    let check: Check | undefined;
    if (attestors.length > 0) {
      const compiled = await compileAttestors(attestors, this.#block, world);
      const outcome = await judge(compiled.demand, subject);
      check = outcome.check;
      const failed = this.#failed(outcome, text, () => `failed to verify image ${text}: ${attestorCauses(outcome, compiled, this.#block).join('; ')}`);
      if (failed !== undefined) return { result: failed };
      if (attestations.length > 0) text = imageText({ ...image, digest: await subject.digest() });
    }
    for (const [i, attestation] of attestations.entries()) {
      if (attestation.type === '' && attestation.predicateType === '') return { result: this.#rule.result('fail', `.attestations[${i}]: missing type`) };
      const compiled = await compileAttestation(attestation, i, this.#block, context, world);
      const outcome = await judge(compiled.demand, subject);
      check = outcome.check;
      const failed = this.#failed(outcome, text, () => attestationFailure(outcome, compiled, this.#block, text));
      if (failed !== undefined) return { result: failed };
      if (this.#block.type === 'SigstoreBundle') text = imageText({ ...image, digest: await subject.digest() });
      if (attestation.name !== undefined && attestation.name !== '') context = context.with({ [attestation.name]: firstPredicate(outcome) });
    }
    const denied = await this.#denied(context);
    if (denied !== undefined) return { result: this.#rule.result('fail', `validation in verifyImages failed: ${denied}`) };
    if (attestors.length + attestations.length === 0) return {};
    const digest = await subject.digest();
    return { result: this.#rule.result('pass', this.#passText(text, ruleName), check === undefined ? {} : { check }), digest };
  }

  #passText(text: string, ruleName: string): string {
    if (this.#demanded.attestations.length === 0) return `verified image signatures for ${text}`;
    const denies = this.#block.validate?.deny !== undefined && this.#block.validate.deny !== null;
    return denies ? `verifyImages validation is passed in ${ruleName} rule` : `verified image attestations for ${text}`;
  }

  #failed(outcome: Outcome, image: string, says: () => string): RuleResult | undefined {
    if (outcome.ok) return undefined;
    const unreachable = networkProblem(outcome);
    if (unreachable === undefined) return this.#rule.result('fail', says(), { check: outcome.check });
    return this.#rule.result('error', `failed to verify image ${image}: ${quote(unreachable.message, 1000)}`, { check: outcome.check });
  }

  /** Why the image is denied by `validate.deny`; undefined when it is not. */
  async #denied(context: Context): Promise<string | undefined> {
    const { validate } = this.#block;
    if (validate?.deny === undefined || validate.deny === null) return undefined;
    try {
      const { holds, message } = await evaluateBlocks(parseConditions(validate.deny.conditions), context);
      return holds ? await denialText(validate.message ?? '', message, context) : undefined;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return `failed to check deny conditions: ${error.message}`;
    }
  }

  #subject(image: ExtractedImage): Promise<Subject> {
    return this.#review.world.subject(imageText(image), this.#credentials());
  }

  #credentials(): Credentials {
    const { allowInsecureRegistry = false, providers, secrets } = this.#block.imageRegistryCredentials ?? {};
    return { allowInsecureRegistry, providers: providers ?? [], secrets: secrets ?? [] };
  }
}

interface Verdict {
  readonly result?: RuleResult;
  /** That was verified. */
  readonly digest?: string;
}

async function denialText(own: string, message: string, context: Context): Promise<string> {
  if (own === '' && message === '') return 'validation error: imageVerify  failed';
  try {
    const text = await substitute([own, message].filter((one) => one !== '').join('; '), context);
    return typeof text === 'string' ? quote(text, 1000) : "the produced message didn't resolve to a string, check your policy definition.";
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return message;
  }
}

/** Of the statements that a named attestation stands for. */
function firstPredicate(outcome: Outcome): unknown {
  for (const { verified } of outcome.shown) {
    const document = verified.statement === undefined ? undefined : parseJson(verified.statement.payload);
    if (isJsonObject(document) && isJsonObject(document['predicate'])) return document['predicate'];
  }
  throw new TrustError('POLICY_EXPRESSION', 'predicate not found in any statement');
}

/** What the object said of the image before this change; its owner could not write that at will, since it was noted by us. */
function isKept({ oldObject }: ObjectReview, scope: Parameters<typeof scopedStatus>[1], image: string): boolean {
  try {
    return scopedStatus(readScoped(oldObject), scope, image) !== 'fail';
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return false;
  }
}

function imageStatus(status: RuleStatus): ImageStatus {
  if (status === 'pass') return 'pass';
  return status === 'skip' || status === 'warn' ? 'skip' : 'fail';
}

/** What a failure does: enforced as soon as one block of the rule says so. */
function actionOf({ spec, namespace }: KyvernoPolicy, blocks: readonly ImageVerification[], matched: Matched): 'Enforce' | 'Audit' {
  const own = blocks.flatMap(({ failureAction }) => failureAction ?? []).map((action) => action.toLowerCase());
  if (own.length > 0) return own.includes('enforce') ? 'Enforce' : 'Audit';
  const override = (namespace === '' ? (spec.validationFailureActionOverrides ?? []) : []).find(({ action, namespaces, namespaceSelector }) => {
    if (action === undefined) return false;
    const inNamespace = (namespaces ?? []).length === 0 || matchesAny(matched.namespace, namespaces ?? []);
    return inNamespace && (!namespaceSelector || selectorHolds(namespaceSelector, matched.namespaceLabels, false));
  });
  return (override?.action ?? spec.validationFailureAction ?? 'Audit').toLowerCase() === 'enforce' ? 'Enforce' : 'Audit';
}

function matchesAny(text: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesWildcard(pattern, text));
}

function valueAt(object: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = object;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) value = /^\d+$/.test(name) ? value[Number(name)] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

async function stepped<T>(step: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw new TrustError(error.code, `${step}: ${error.message}`, { cause: error });
  }
}
