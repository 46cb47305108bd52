/**
 * Judging one image by one demand: evidence is found, verified, and held against what is demanded. Deny is where it starts: whatever cannot be read,
 * resolved or evaluated is a demand that was not met, and `ok` comes from the tree of checks alone.
 */
import { type Check, fail, failFrom, group, isTrustError, pass, quote, skip, type TrustError } from '@assay/core';
import { hexOf, type PlaceAnswer } from '@assay/oci';
import { judgeBuild } from '@assay/slsa';
import type { AttestedDemand, Demand, SignedDemand } from '../model.ts';
import { type ConditionVerdict, evaluateOver } from './condition.ts';
import { type Accepted, Examiner, type Refused } from './examine.ts';
import type { FailedCondition, Outcome } from './outcome.ts';
import { shownFacts } from './shown-facts.ts';
import type { Subject } from './subject.ts';

export interface JudgeOptions {
  /** Every part of an `any` is judged, and every statement: what was shown is looked at afterwards. Default: the first that holds is enough. */
  readonly exhaustive?: boolean;
}

/** Throws nothing of ours: problems are part of the answer. */
export async function judge(demand: Demand, subject: Subject, options: JudgeOptions = {}): Promise<Outcome> {
  switch (demand.kind) {
    case 'static': {
      const says = demand.message === '' ? 'decided by the policy alone' : quote(demand.message);
      return leaf(demand, demand.admits ? pass('policy.static', says) : fail('policy.static', 'POLICY_STATIC', says));
    }
    case 'never':
      return leaf(demand, fail('policy.part', 'POLICY_UNRESOLVED', demand.says));
    case 'all':
    case 'any':
    case 'count':
      return judgeParts(demand, subject, options);
    case 'shown':
      return judgeShown(demand, subject);
    case 'signed':
    case 'attested':
      return judgeEvidence(demand, subject, options);
  }
}

function leaf(demand: Demand, check: Check): Outcome {
  return { ...NOTHING, demand, check, ok: check.status === 'pass' };
}

const NOTHING = { shown: [], refused: [], failed: [], otherTypes: [], answers: [], of: [] } as const;

async function judgeParts(demand: Demand & { readonly kind: 'all' | 'any' | 'count' }, subject: Subject, options: JudgeOptions): Promise<Outcome> {
  const needed = demand.kind === 'all' ? demand.of.length : demand.kind === 'any' ? 1 : demand.least;
  const of: Outcome[] = [];
  for (const part of demand.of) {
    const outcome = await judge(part, subject, options);
    of.push(outcome);
    // What can no longer change is not asked for; an `all` goes on, so that one answer tells everything.
    if (demand.kind !== 'all' && options.exhaustive !== true && of.filter(({ ok }) => ok).length >= needed) break;
  }
  const held = of.filter(({ ok }) => ok);
  const enough = needed > 0 && held.length >= needed;
  const checks = of.map(({ check, ok }) => (enough && !ok ? { ...check, optional: true as const } : check));
  const name = demand.name === undefined ? '' : `${quote(demand.name)}: `;
  const what = demand.kind === 'all' ? `all ${demand.of.length} hold` : `${held.length} of ${demand.of.length} hold, needed ${needed}`;
  const details = { expected: `at least ${Math.max(needed, 1)} that holds`, found: String(held.length) };
  const verdict = enough ? [] : [fail('policy.parts', 'POLICY_UNSATISFIED', `${name}not enough of what is demanded holds`, details)];
  const check = group(`policy.${demand.kind}`, { pass: `${name}${what}`, fail: `${name}not satisfied` }, [...checks, ...verdict]);
  const ok = enough && check.status === 'pass';
  return { ...NOTHING, demand, ok, check, of, shown: ok ? held.flatMap(({ shown }) => shown) : [] };
}

/** The condition is over what was shown, and is not asked when nothing was. */
async function judgeShown(demand: Demand & { readonly kind: 'shown' }, subject: Subject): Promise<Outcome> {
  const inner = await judge(demand.of, subject, { exhaustive: true });
  const id = 'policy.shown';
  if (!inner.ok) {
    const check = group(id, 'not satisfied', [inner.check, skip('policy.condition', 'not asked: what it is about was not shown')]);
    return { ...NOTHING, demand, ok: false, check, of: [inner] };
  }
  const verdict = await overShown(demand, inner, subject);
  const check = group(id, { pass: 'the policy holds over all that was shown', fail: 'not satisfied' }, [inner.check, verdict.check]);
  const ok = check.status === 'pass';
  return { ...NOTHING, demand, ok, check, of: [inner], shown: ok ? inner.shown : [], failed: verdict.failed === undefined ? [] : [verdict.failed] };
}

async function overShown({ condition, needs = [] }: Demand & { readonly kind: 'shown' }, inner: Outcome, subject: Subject): Promise<ConditionVerdict> {
  try {
    return await evaluateOver(condition, { kind: 'shown', facts: await shownFacts(inner, needs, subject) }, subject);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { check: failFrom('policy.condition', error), failed: { message: error.message } };
  }
}

type EvidenceDemand = SignedDemand | AttestedDemand;

async function judgeEvidence(demand: EvidenceDemand, subject: Subject, options: JudgeOptions): Promise<Outcome> {
  const search = new Search(demand, subject);
  try {
    await search.run(options.exhaustive === true);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return search.outcome(error);
  }
  return search.outcome();
}

/** One demand on its way through the places. */
class Search {
  readonly #demand: EvidenceDemand;
  readonly #subject: Subject;
  readonly #shown: Accepted[] = [];
  readonly #shownChecks: Check[] = [];
  readonly #refused: Refused[] = [];
  readonly #failed: FailedCondition[] = [];
  readonly #failedChecks: Check[] = [];
  readonly #otherTypes: string[] = [];
  readonly #answers: PlaceAnswer[] = [];

  constructor(demand: EvidenceDemand, subject: Subject) {
    this.#demand = demand;
    this.#subject = subject;
  }

  async run(exhaustive: boolean): Promise<void> {
    const { from, by } = this.#demand;
    const subject = this.#subject;
    const examiner = await Examiner.open(by, subject, this.#demand.kind === 'signed' ? this.#demand.annotations : undefined);
    const place = {
      image: await subject.open(from),
      digest: await subject.digest(),
      want: this.#demand.kind === 'signed' ? ('signatures' as const) : ('attestations' as const),
      tagPrefix: from.tagPrefix,
      only: from.only,
      maxBytes: subject.maxEvidenceBytes,
    };
    const all = exhaustive || this.#every;
    for await (const event of subject.evidence.in(place)) {
      if (event.kind === 'answer') {
        this.#answers.push(event.answer);
        // A place at a time: what lies side by side is judged together.
        if (!all && this.#shown.length > 0) return;
        continue;
      }
      const result = await examiner.examine(event.evidence);
      if ('verified' in result) await this.#accept(result);
      else this.#refused.push(result);
      if (!all && this.#shown.length > 0) return;
    }
  }

  get #every(): boolean {
    return this.#demand.kind === 'attested' && this.#demand.which === 'every';
  }

  /** Verified; is it what is demanded? */
  async #accept(accepted: Accepted): Promise<void> {
    const demand = this.#demand;
    const { statement } = accepted.verified;
    if (demand.kind === 'signed') {
      if (statement !== undefined && statement.predicateType !== COSIGN_SIGN) return void this.#otherTypes.push(statement.predicateType);
    } else if (statement === undefined) return;
    else if (demand.predicateType !== undefined && statement.predicateType !== demand.predicateType) return void this.#otherTypes.push(statement.predicateType);
    const checks = [...(accepted.verification.root.checks ?? []), ...this.#age(accepted), ...(await this.#build(accepted))];
    const verdicts = await this.#conditions(accepted);
    const check = group('policy.evidence', `evidence ${accepted.evidence.reference}`, [...checks, ...verdicts.map((one) => one.check)]);
    if (check.status === 'pass') {
      this.#shown.push(accepted);
      this.#shownChecks.push(check);
      return;
    }
    const [first] = verdicts.flatMap(({ failed }) => (failed === undefined ? [] : [failed]));
    const reason = check.checks?.find(({ status, optional }) => status !== 'pass' && optional !== true);
    this.#failed.push({ accepted, ...(first ?? { message: reason?.says ?? check.says }) });
    this.#failedChecks.push(check);
  }

  async #conditions(accepted: Accepted): Promise<ConditionVerdict[]> {
    if (this.#demand.kind !== 'attested') return [];
    const verdicts: ConditionVerdict[] = [];
    for (const condition of this.#demand.conditions) {
      const { statement } = accepted.verified;
      if (statement === undefined) throw new TypeError('a condition is about a statement');
      verdicts.push(await evaluateOver(condition, { kind: 'statement', statement, typeAsWritten: this.#demand.typeAsWritten }, this.#subject));
    }
    return verdicts;
  }

  #age({ verified: { times } }: Accepted): Check[] {
    const { maxAgeSeconds } = this.#demand;
    if (maxAgeSeconds === undefined) return [];
    const id = 'policy.age';
    // Several parties may state a time: the oldest counts, and without any nobody knows.
    const signed = times.filter(({ source }) => source !== 'current time').map(({ time }) => time.getTime());
    if (signed.length === 0)
      return [fail(id, 'POLICY_AGE', 'evidence must be recent, and nothing proves when it was made', { expected: `at most ${maxAgeSeconds} s old` })];
    const age = Math.round((this.#subject.now.getTime() - Math.min(...signed)) / 1000);
    const details = { expected: `at most ${maxAgeSeconds} s`, found: `${age} s` };
    return [age <= maxAgeSeconds ? pass(id, 'recent enough', details) : fail(id, 'POLICY_AGE', 'the evidence is too old', details)];
  }

  async #build({ verified }: Accepted): Promise<readonly Check[]> {
    const { build } = this.#demand;
    if (build === undefined) return [];
    try {
      return judgeBuild(verified, build, new Map([['sha256', hexOf(await this.#subject.digest())]])).checks;
    } catch (error) {
      return [failFrom('build', error)];
    }
  }

  outcome(problem?: TrustError): Outcome {
    const demand = this.#demand;
    const failedAny = this.#every && (this.#failed.length > 0 || this.#refused.some(({ problem: unread }) => unread !== undefined));
    const found = this.#shown.length > 0 && problem === undefined && !failedAny;
    const failed = found ? this.#failedChecks.map(optional) : this.#failedChecks;
    const refused = this.#refused.map((one) => ({
      ...one.verification.root,
      id: 'policy.evidence',
      says: `${one.reference} does not hold`,
      ...(found && OPTIONAL),
    }));
    const places = this.#answers.map(({ place, says }) => skip('find.place', `asked ${place}: ${says}`, { optional: true, evidence: { place } }));
    const missing = found ? [] : [problem === undefined ? this.#nothing() : failFrom('find', problem)];
    const name = demand.name === undefined ? '' : `${quote(demand.name)}: `;
    const what =
      demand.kind === 'signed' ? 'a signature' : `an attestation${demand.predicateType === undefined ? '' : ` of type ${quote(demand.predicateType)}`}`;
    const says = { pass: `${name}${what} holds`, fail: `${name}${what} is demanded, and none holds` };
    const shown = found ? this.#shownChecks : this.#shownChecks.map(optional);
    const check = group(`policy.${demand.kind}`, says, [...shown, ...refused, ...failed, ...missing, ...places]);
    const ok = found && check.status === 'pass';
    return {
      demand,
      ok,
      check,
      shown: ok ? this.#shown : [],
      refused: this.#refused,
      failed: this.#failed,
      otherTypes: this.#otherTypes,
      answers: this.#answers,
      ...(problem !== undefined && { problem }),
      of: [],
    };
  }

  /** A place that could not be asked may hold it. */
  #nothing(): Check {
    const unasked = this.#answers.find(({ problem }) => problem !== undefined)?.problem;
    if (unasked !== undefined)
      return fail('find', unasked.code, 'a place that may hold the evidence could not be asked', { found: unasked.message, hint: unasked.hint });
    if (this.#refused.length + this.#failed.length > 0) return fail('find', 'POLICY_UNSATISFIED', 'what was found does not hold');
    const found = this.#otherTypes.length === 0 ? 'none' : this.#otherTypes.map((type) => quote(type)).join(', ');
    return fail('find', 'EVIDENCE_NOT_FOUND', 'there is no such evidence', { found: `${found}, in ${this.#answers.length} places` });
  }
}

function optional(check: Check): Check {
  return { ...check, ...OPTIONAL };
}

const OPTIONAL = { optional: true } as const;

/** A statement that says nothing but that this was signed. */
const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
