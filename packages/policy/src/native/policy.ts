/** A native policy as something that judges: compiled once, asked for every image it covers. */
import { isJsonObject, isTrustError, type JsonObject, pass, quote, TrustError } from '@assay/core';
import type { ImagePolicy, PolicyVerdict, ReviewedObject } from '../image-policy.ts';
import { judge } from '../judge/judge.ts';
import type { Outcome } from '../judge/outcome.ts';
import type { Subject } from '../judge/subject.ts';
import { matchesWildcard } from '../judge/text-pattern.ts';
import { usesEngines } from '../judge/uses-engines.ts';
import type { Demand, NamedImage, Policy } from '../model.ts';
import { demandOfSpec, forImage } from './demand.ts';
import { endOf } from './duration.ts';
import { type ImagePattern, imagePattern } from './image-pattern.ts';
import { checkNativePolicy, type ParsedPolicy, type PolicyProblem, parseNativePolicies } from './parse.ts';
import { KIND, type NativeDocument, type NativeMatch } from './schema.ts';
import type { PolicyFiles } from './signers.ts';
import { errorsOf } from './texts.ts';

export interface NativeOrigin {
  /** For messages: the file as it was given. */
  readonly name: string;
  readonly files: PolicyFiles;
  readonly now: Date;
}

/** All policies of a text. Errors: `POLICY_PARSE`; `POLICY_INVALID` with the first problem; those of reading the files that they name. */
export function loadNativePolicies(text: string, { name, files, now }: NativeOrigin): readonly ImagePolicy[] {
  return parseNativePolicies(text, now).map((parsed) => imagePolicyOf(requireValid(parsed, name), files));
}

/** Of an object of a cluster, which names no files. Errors: `POLICY_INVALID`. */
export function nativePolicyOf(object: unknown, now: Date): ImagePolicy {
  return imagePolicyOf(requireValid(checkNativePolicy(object, now), ''), NO_FILES);
}

/** Where there are none to read. */
export const NO_FILES: PolicyFiles = {
  read(path) {
    throw new TrustError('POLICY_INVALID', `the policy names the file ${quote(path)}, and there are no files in a cluster`, {
      hint: 'write the text of the file into the policy; name a TrustRoot with trust.root',
    });
  },
};

function requireValid({ document, problems }: ParsedPolicy, name: string): NativeDocument {
  if (document !== undefined) return document;
  const [first, ...more] = problems.filter(({ level }) => level === 'error');
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  throw new TrustError('POLICY_INVALID', `${first === undefined ? 'no policy' : problemText(first, name)}${others}`, {
    hint: 'assay policy check shows all of it',
  });
}

/** `FILE:LINE:COLUMN: PATH: what is wrong`. */
export function problemText({ level, path, line, column, says }: PolicyProblem, name: string): string {
  const place = [name, ...(line === undefined ? [] : [line, column])].join(':');
  return [...(place === '' ? [] : [place]), ...(level === 'warning' ? ['warning'] : []), ...(path === '' ? [] : [path]), says].join(': ');
}

/** `document`: without problems. Errors: those of reading the files that it names. */
export function imagePolicyOf(document: NativeDocument, files: PolicyFiles): ImagePolicy {
  const { metadata, spec } = document;
  const policy = compiled(document, files);
  const exceptions = (spec.exceptions ?? []).map(({ images, until, reason }) => ({ patterns: images.map(imagePattern), until, reason }));
  return {
    name: policy.name,
    kind: KIND,
    uid: textMember(metadata, 'uid'),
    resourceVersion: textMember(metadata, 'resourceVersion'),
    mode: policy.mode,
    contextual: false,
    usesEngines: usesEngines(policy.demand),
    covers: (image, object) => policy.images.matches(image) && matchesObject(spec.match, object),
    async judge(subject: Subject): Promise<PolicyVerdict> {
      const outcome = (await excepted(exceptions, subject)) ?? (await judge(forImage(policy.demand, subject.image), subject));
      return { policy: policy.name, mode: policy.mode, ok: outcome.ok, errors: errorsOf(outcome, spec.message), check: outcome.check, outcome };
    },
  };
}

/** As the model has it. */
export function compiled({ metadata, spec }: NativeDocument, files: PolicyFiles, origin = ''): Policy {
  const images = spec.images?.map(imagePattern);
  const excluded = (spec.exclude ?? []).map(imagePattern);
  const matches = (image: NamedImage) => (images === undefined || anyMatches(images, image)) && !anyMatches(excluded, image);
  return {
    name: metadata.name,
    origin,
    images: { patterns: spec.images ?? [], matches },
    mode: spec.mode ?? 'enforce',
    demand: demandOfSpec(spec, files),
  };
}

function anyMatches(patterns: readonly ImagePattern[], image: Pick<NamedImage, 'repository' | 'digest'>): boolean {
  return patterns.some((pattern) => pattern.matches(image));
}

interface Exception {
  readonly patterns: readonly ImagePattern[];
  readonly until: string;
  readonly reason: string;
}

/** Undefined: none of them holds. A digest is asked for only where there is one to be compared. */
async function excepted(exceptions: readonly Exception[], subject: Subject): Promise<Outcome | undefined> {
  const current = exceptions.filter(({ until }) => (endOf(until)?.getTime() ?? 0) > subject.now.getTime());
  if (current.length === 0) return undefined;
  const { repository } = subject.image;
  const digest = current.some(({ patterns }) => patterns.some(({ text }) => text.includes('@'))) ? await digestOf(subject) : undefined;
  const exception = current.find(({ patterns }) => anyMatches(patterns, { repository, digest }));
  if (exception === undefined) return undefined;
  const says = `let in without evidence until ${exception.until}: ${quote(exception.reason)}`;
  const demand: Demand = { kind: 'static', admits: true, message: says };
  const check = pass('policy.exception', says, { warning: says });
  return { demand, ok: true, check, shown: [], refused: [], failed: [], otherTypes: [], answers: [], of: [] };
}

/** What cannot be asked for is in no exception; the judging will say why. */
async function digestOf({ image, digest }: Subject): Promise<string | undefined> {
  if (image.digest !== undefined) return image.digest;
  try {
    return await digest();
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return undefined;
  }
}

/** Without an object there is nothing to be narrowed: who asks about an image alone is answered. */
function matchesObject(match: NativeMatch | undefined, object: ReviewedObject | undefined): boolean {
  if (match === undefined || object === undefined) return true;
  const { kinds, namespaces, labels } = match;
  const theirs = object.metadata['labels'];
  const has = (name: string, value: string) =>
    isJsonObject(theirs ?? null) && Object.hasOwn(theirs as JsonObject, name) && (theirs as JsonObject)[name] === value;
  return (
    (kinds === undefined || kinds.some((kind) => kind === object.kind)) &&
    (namespaces === undefined || namespaces.some((pattern) => matchesWildcard(pattern, object.namespace))) &&
    (labels === undefined || Object.entries(labels).every(([name, value]) => has(name, value)))
  );
}

function textMember(metadata: Readonly<Record<string, unknown>>, name: string): string {
  const value = metadata[name];
  return typeof value === 'string' ? value : '';
}
