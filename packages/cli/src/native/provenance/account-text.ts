/** An account of a build for people: a sentence, then each fact under who states it. Text of others is escaped. */
import { isJsonObject, type Json } from '@assay/core';
import { type BuildFact, type BuildFacts, FACT_WORDS, type Provenance } from '@assay/slsa';
import { printable } from '../../render/printable.ts';
import type { Style } from '../../render/style.ts';
import { type Account, disagreements } from './account.ts';

export function accountText(account: Account, style: Style): string {
  const { provenance, certificate } = account;
  const title = `${style.bold(printable(account.place))}: ${kindOf(account)}, ${style.warn('NOT verified')}`;
  const blocks = [
    [title, ...(account.problem === undefined ? [] : [`  ${style.bad('cannot be read')}: ${printable(account.problem)}`]), ...sentence(account)],
    ...factBlocks(account, style),
    certificate === undefined
      ? []
      : block('the certificate is of', [
          ['signer', certificate.san],
          ['issuer', certificate.oidcIssuer],
          ['valid', `${certificate.validity.start.toISOString()} to ${certificate.validity.end.toISOString()}`],
        ]),
    block(
      'its log entry says',
      account.recorded.map((time) => ['recorded', time.toISOString()]),
    ),
    ...(provenance === undefined ? payloadBlocks(account) : provenanceBlocks(provenance)),
    adviceFor(account),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function kindOf({ form, provenance, predicateType, payload }: Account): string {
  if (provenance !== undefined) return `SLSA provenance ${provenance.version}`;
  if (predicateType !== undefined) return `a statement of type ${printable(predicateType)}`;
  return payload === undefined && form !== 'unknown' ? 'a signature' : 'no statement';
}

/** In words. The certificate speaks first: what it says, an authority has checked. */
function sentence({ certificate, stated }: Account): string[] {
  const facts: BuildFacts = { ...stated, ...certificate?.facts };
  const { source, ref, commit, builder, trigger, runner } = facts;
  if (source === undefined && builder === undefined) return [];
  const parts = [
    source && `from ${source}`,
    ref && `at ${refWords(ref)}`,
    commit && `(commit ${commit.slice(0, SHORT_COMMIT)})`,
    builder && `by ${builder}`,
    trigger && `started by ${trigger}`,
    runner && `on a ${runner} runner`,
  ].filter(Boolean);
  return [`  It says that it was built ${printable(parts.join(', ').replace(', (', ' (').replace(', at ', ' at '))}.`];
}

function refWords(ref: string): string {
  if (ref.startsWith('refs/tags/')) return `the tag ${ref.slice('refs/tags/'.length)}`;
  return ref.startsWith('refs/heads/') ? `the branch ${ref.slice('refs/heads/'.length)}` : ref;
}

function factBlocks(account: Account, style: Style): string[][] {
  const { certificate, stated = {} } = account;
  const certified = certificate?.facts ?? {};
  const all = Object.keys(FACT_WORDS) as BuildFact[];
  const rows = (facts: BuildFacts, which: (fact: BuildFact) => boolean): Row[] =>
    all.filter(which).flatMap((fact) => (facts[fact] === undefined ? [] : [[fact, facts[fact]]]));
  const differ = disagreements(account).flatMap(({ fact, certificate: one, predicate }): Row[] => [
    [fact, `${one}  (the certificate)`],
    ['', `${predicate}  (the provenance)`],
  ]);
  return [
    block(
      'certificate and provenance say',
      rows(certified, (fact) => certified[fact] === stated[fact]),
    ),
    block(style.bad('certificate and provenance disagree'), differ),
    block(
      'the certificate alone says',
      rows(certified, (fact) => stated[fact] === undefined),
    ),
    block(
      'the provenance alone says',
      rows(stated, (fact) => certified[fact] === undefined),
    ),
  ];
}

function provenanceBlocks(provenance: Provenance): string[][] {
  const { builderId, buildType, invocationId, startedOn, finishedOn, parameters, subjects, dependencies } = provenance;
  const besides: [string, string | undefined][] = [
    ['builder id', builderId],
    ['build type', buildType],
    ['invocation', invocationId],
    ['started', startedOn],
    ['finished', finishedOn],
  ];
  return [
    block(
      'the provenance says besides',
      besides.flatMap(([name, value]) => (value ? [[name, value]] : [])),
    ),
    block('inputs, by the provenance', flattened(parameters ?? null, '')),
    block(
      `subjects: ${subjects.length}`,
      subjects.map(({ name, digest }) => [name || '(without a name)', digestsText(digest)]),
    ),
    block(
      `made of, by the provenance: ${dependencies.length}`,
      dependencies.map(({ uri, digest }) => [uri || '(without a URI)', digestsText(digest)]),
    ),
  ];
}

function payloadBlocks({ payload }: Account): string[][] {
  return payload === undefined ? [] : [block('what is signed', flattened(payload, ''))];
}

function digestsText(digest: ReadonlyMap<string, string>): string {
  return [...digest].map(([algorithm, hex]) => `${algorithm}:${hex}`).join(' ') || 'no digest';
}

/** `inputs.release  yes`: one line for each value. */
function flattened(value: Json, path: string): Row[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => flattened(item, `${path}[${i}]`));
  if (isJsonObject(value)) return Object.entries(value).flatMap(([name, member]) => flattened(member, path === '' ? name : `${path}.${name}`));
  return value === null || path === '' ? [] : [[path, String(value)]];
}

type Row = [name: string, value: string];

function block(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, MAX_ROWS);
  const width = Math.min(Math.max(...shown.map(([name]) => printable(name).length)), MAX_NAME);
  const more = rows.length > shown.length ? [`    … and ${rows.length - shown.length} more (see --output json)`] : [];
  return [`  ${title}`, ...shown.map(([name, value]) => `    ${printable(name).padEnd(width)}  ${printable(value) || '(empty)'}`), ...more];
}

function adviceFor({ certificate, stated, form }: Account): string[] {
  const { source, ref } = { ...stated, ...certificate?.facts };
  if (form === 'cloud build' || source === undefined || !/^https:\/\/[\w.:/-]+$/.test(source)) return [];
  const [, kind, name = ''] = /^refs\/(tags|heads)\/([\w./-]+)$/.exec(ref ?? '') ?? [];
  const demand = kind === undefined ? '' : ` ${kind === 'tags' ? '--tag' : '--branch'} ${name}`;
  return [`  To verify it, if that is where it should be from: assay verify THING --source ${source.slice('https://'.length)}${demand}`];
}

const SHORT_COMMIT = 12;
const MAX_ROWS = 40;
const MAX_NAME = 40;
