/**
 * Why an image is not let in, in plain words: what was expected, what was found, what to do. One text for each demand that was not met, read from what
 * judging has answered.
 */
import { type Check, failures, quote } from '@assay/core';
import type { Refused } from '../judge/examine.ts';
import type { Outcome } from '../judge/outcome.ts';

/** Empty when `outcome.ok`. `message`: what the policy says of its own decision. */
export function errorsOf(outcome: Outcome, message: string | undefined): string[] {
  if (outcome.ok) return [];
  const texts = [...new Set(textsOf(outcome))];
  if (outcome.demand.kind === 'static') return [message ?? 'the policy lets nothing in'];
  return texts.length > 0 ? texts : [leafText(firstFailure(outcome.check))];
}

function textsOf(outcome: Outcome): string[] {
  if (outcome.ok) return [];
  const { demand, of } = outcome;
  switch (demand.kind) {
    case 'all':
      return of.flatMap(textsOf);
    case 'any':
    case 'count':
      return alternatives(of.flatMap(textsOf));
    case 'shown':
      return outcome.failed.length > 0 ? outcome.failed.map(({ message }) => quote(message)) : of.flatMap(textsOf);
    case 'static':
      return [demand.message === '' ? 'the policy lets nothing in' : quote(demand.message)];
    case 'never':
      return [demand.says];
    case 'signed':
      return [`not ${demand.name ?? 'signed'}: ${evidenceText(outcome)}`];
    case 'attested':
      return [`no attestation ${quote(demand.name ?? demand.predicateType ?? '')}: ${evidenceText(outcome)}`];
  }
}

/** One of them would have been enough; alike ones are told once. */
function alternatives(texts: readonly string[]): string[] {
  const different = [...new Set(texts)];
  return different.length === 0 ? [] : [different.join('; nor: ')];
}

function evidenceText(outcome: Outcome): string {
  const { problem, refused, failed, otherTypes, answers } = outcome;
  if (problem !== undefined) return `it could not be judged: ${problem.message}`;
  const unasked = answers.find((answer) => answer.problem !== undefined);
  if (failed.length > 0)
    return failed
      .map(({ accepted, message }) => `${accepted?.evidence.reference ?? 'it'} verifies, and ${quote(message)}`)
      .slice(0, MAX_TOLD)
      .join('; ');
  if (refused.length > 0) return refusedText(refused);
  if (unasked !== undefined) return `${unasked.place} could not be asked: ${unasked.says}`;
  if (otherTypes.length > 0) return `found ${[...new Set(otherTypes)].map((type) => quote(type)).join(', ')}`;
  return `there is none in ${answers.length === 1 ? 'the one place' : `the ${answers.length} places`} that could hold it`;
}

/** Those nearest to what was expected first: whose signer alone differs. */
function refusedText(refused: readonly Refused[]): string {
  const texts = refused
    .map(({ verification }) => firstFailure(verification.root))
    .toSorted((a, b) => rank(a) - rank(b))
    .map(leafText);
  const different = [...new Set(texts)];
  const more = different.length > MAX_TOLD ? `; and ${different.length - MAX_TOLD} more` : '';
  return `${different.slice(0, MAX_TOLD).join('; ')}${more}`;
}

function rank({ id }: Check): number {
  return id.startsWith('identity') ? 0 : 1;
}

function firstFailure(check: Check): Check {
  return failures(check)[0] ?? check;
}

/** `says: expected …, found …; hint`. */
function leafText({ says, expected, found, hint }: Check): string {
  const facts = [...(expected === undefined ? [] : [`expected ${expected}`]), ...(found === undefined ? [] : [`found ${found}`])].join(', ');
  return `${says}${facts === '' ? '' : `: ${facts}`}${hint === undefined ? '' : `; ${hint}`}`;
}

const MAX_TOLD = 3;
