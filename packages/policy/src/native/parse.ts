/** Native policies of a text: YAML or JSON, one document or several. Every problem is told with its place, and what has any is no policy. */
import { quote, TrustError } from '@assay/core';
import { type Document, isMap, isScalar, LineCounter, type Node, parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { parseDocuments } from '../cluster-image-policy/document.ts';
import { endOf } from './duration.ts';
import { matchesEverything } from './rules/re2.ts';
import { API_VERSION, documentSchema, KIND, type NativeDocument, type NativeSigner } from './schema.ts';

/** What is wrong with a policy, or what a careful reader should know of it. */
export interface PolicyProblem {
  readonly level: 'error' | 'warning';
  /** `spec.signers[0].github`. '' for the whole. */
  readonly path: string;
  /** From 1; undefined for what was not read from a text. */
  readonly line?: number;
  readonly column?: number;
  readonly says: string;
}

export interface ParsedPolicy {
  /** Undefined when there are errors. */
  readonly document: NativeDocument | undefined;
  readonly problems: readonly PolicyProblem[];
}

/** `now`: for exceptions that have ended. Errors: `POLICY_PARSE` for what is not YAML, and for a text without documents. */
export function parseNativePolicies(text: string, now: Date): readonly ParsedPolicy[] {
  // As Kubernetes reads YAML: the file must mean the same there. What would keep the parser busy is refused before the text is read for its places.
  const values = parseDocuments(text);
  if (values.length === 0)
    throw new TrustError('POLICY_PARSE', 'there is no policy in it', { expected: `apiVersion ${API_VERSION}, kind ${KIND}`, found: 'nothing' });
  const places = placesIn(text);
  return values.map((value, i) => checked(value, places(i), now));
}

/** Of an object that is no text, as a cluster has it: with a status, which says nothing of what is demanded. */
export function checkNativePolicy(value: unknown, now: Date): ParsedPolicy {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return checked(value, () => ({}), now);
  const { status: _, ...object } = value as { readonly status?: unknown };
  return checked(object, () => ({}), now);
}

/** Of each document that is not empty. */
function placesIn(text: string): (document: number) => (path: Path) => Place {
  const lines = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter: lines, version: '1.1', uniqueKeys: false, logLevel: 'silent', prettyErrors: false })];
  const there = documents.filter(({ contents }) => contents !== null && !(isScalar(contents) && contents.value === null));
  return (i) => (path) => {
    const document = there[i];
    return document === undefined ? {} : placeOf(document, path, lines);
  };
}

type Path = readonly (string | number)[];
type Place = Pick<PolicyProblem, 'line' | 'column'>;

function checked(value: unknown, place: (path: Path) => Place, now: Date): ParsedPolicy {
  const result = documentSchema.safeParse(value, { reportInput: true });
  const told = (level: PolicyProblem['level'], path: Path, says: string): PolicyProblem => ({ level, path: pathText(path), ...place(path), says });
  if (result.success) return { document: result.data, problems: warningsOf(result.data, now).map(([path, says]) => told('warning', path, says)) };
  const errors = withoutEchoes(result.error.issues).flatMap((issue) => issuesOf(issue).map(([path, says]) => told('error', path, says)));
  return { document: undefined, problems: errors.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)) };
}

/** A rule says nothing of what has the wrong shape, or a key that somebody has misspelt: that is told already. */
function withoutEchoes(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const shapes = new Set(issues.flatMap(({ code, path }) => (code === 'custom' ? [] : [JSON.stringify(path)])));
  return issues.filter(({ code, path }) => code !== 'custom' || !shapes.has(JSON.stringify(path)));
}

/** Each unknown key is a problem where it stands. */
function issuesOf(issue: z.core.$ZodIssue): readonly (readonly [Path, string])[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return [[path, saysOf(issue)]];
  return issue.keys.map((key) => [[...path, key], issue.message]);
}

function saysOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `${TYPES[issue.expected] ?? issue.expected} was expected, found ${described(issue.input)}`;
    case 'invalid_value':
      if (issue.input === undefined) return 'is missing';
      return `${issue.values.map(String).join(' or ')} was expected, found ${isScalarValue(issue.input) ? quote(String(issue.input)) : described(issue.input)}`;
    case 'invalid_union':
      return `${UNION} was expected, found ${described(issue.input)}`;
    case 'too_small':
      return 'must not be empty';
    default:
      return issue.message;
  }
}

function isScalarValue(input: unknown): boolean {
  return input !== null && typeof input !== 'object';
}

function described(input: unknown): string {
  if (input === undefined) return 'nothing';
  if (input === null) return 'nothing (null)';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a map';
  return `${TYPES[typeof input] ?? typeof input}: ${quote(String(input))}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  bigint: 'a large number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};
const UNION = 'a text, a number, or true or false';

/** The key, for what is unknown or wrong of a member; where it would stand, for what is missing. */
function placeOf(document: Document, path: Path, lines: LineCounter): Place {
  for (let length = path.length; length >= 0; length--) {
    const node = keyNode(document, path.slice(0, length));
    const offset = node?.range?.[0];
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }
  return {};
}

function keyNode(document: Document, path: Path): Node | undefined {
  const last = path.at(-1);
  const parent = path.length === 0 ? document.contents : (document.getIn(path.slice(0, -1), true) as Node | undefined);
  if (last === undefined) return parent ?? undefined;
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(last));
    return pair === undefined ? undefined : (pair.key as Node);
  }
  return (document.getIn(path, true) as Node | undefined) ?? undefined;
}

export function pathText(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${quote(step, 80)}`)).join('');
}

/** What is allowed, and yet most likely not meant. */
function warningsOf({ spec }: NativeDocument, now: Date): readonly (readonly [Path, string])[] {
  const blocks: readonly (readonly [Path, typeof spec])[] = [
    [['spec'], spec],
    ...(['any', 'all'] as const).flatMap((name) => (spec[name] ?? []).map((part, i): readonly [Path, typeof spec] => [['spec', name, i], part])),
  ];
  const signers = blocks.flatMap(([path, { signers: own, attestations, build }]) => [
    ...withPaths([...path, 'signers'], own),
    ...(attestations ?? []).flatMap((one, i) => withPaths([...path, 'attestations', i, 'signers'], one.signers)),
    ...withPaths([...path, 'build', 'signers'], build?.signers),
  ]);
  return [
    ...signers.flatMap(([path, signer]) => greedy(path, signer)),
    ...(spec.decision === 'admit' && spec.images === undefined ? [[['spec', 'decision'], 'whatever is asked about is let in: say which images'] as const] : []),
    ...(spec.exceptions ?? []).flatMap(({ until }, i) => {
      const end = endOf(until);
      return end !== undefined && end <= now
        ? [[['spec', 'exceptions', i, 'until'], `the exception has ended on ${until}, and lets nothing in any more`] as const]
        : [];
    }),
  ];
}

function withPaths(path: Path, signers: readonly NativeSigner[] = []): readonly (readonly [Path, NativeSigner])[] {
  return signers.map((signer, i) => [[...path, i], signer]);
}

function greedy(path: Path, signer: NativeSigner): readonly (readonly [Path, string])[] {
  return (['issuerPattern', 'subjectPattern'] as const).flatMap((name) => {
    const pattern = signer[name];
    return pattern !== undefined && matchesEverything(pattern)
      ? [[[...path, name], `the pattern ${quote(pattern)} matches everyone: it checks nothing`] as const]
      : [];
  });
}
