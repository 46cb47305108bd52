import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { changed, pathsOf, valueAt } from '../../test/edit-json.ts';
import {
  copyOf,
  DIGEST,
  describeImage,
  GENERATIONS,
  type Generation,
  itemOf,
  OPTIONS,
  putInItem,
  SUBJECT,
  textIn,
  textOf,
  V1,
  V03,
} from '../../test/gcb-scene.ts';
import { verifyGcb } from './index.ts';

type Copy = Record<string, unknown>;

describe('the readable copy', () => {
  const NAMES = { 'v0.2': 'intotoStatement', 'v0.3': 'intotoStatement', v1: 'inTotoSlsaProvenanceV1' } as const;
  const DIFFERS = /^verified intoto provenance does not match text provenance: they differ in /;

  function withCopy(of: Generation, edit: (copy: Copy) => unknown): Promise<string> {
    const copy = copyOf(GENERATIONS[of].statement)[NAMES[of]] as Copy;
    return textOf({ of, edit: putInItem(`build.${NAMES[of]}`, edit(copy)) });
  }

  const IGNORED = ['slsaProvenance.recipe.definedInMaterial', 'slsaProvenance.metadata.buildInvocationId'];

  for (const of of ['v0.3', 'v1'] as const) {
    const paths = pathsOf(copyOf(GENERATIONS[of].statement)[NAMES[of]]);
    const modelled = paths.filter((path) => path !== '' && !IGNORED.includes(path));

    test.each(modelled)(`${of}: without %s it is refused`, async (path) => {
      expect(await withCopy(of, (copy) => changed(copy, path, undefined))).toMatch(DIFFERS);
    });

    test.each(modelled)(`${of}: with another %s it is refused`, async (path) => {
      const text = await withCopy(of, (copy) => changed(copy, path, another(valueAt(copy, path), path)));
      expect(text).toMatch(DIFFERS);
    });

    test.each(paths.filter((path) => !IGNORED.includes(path)))(
      `${of}: with an unknown member in %j it is accepted, unless anything may stand there`,
      async (path) => {
        const copy = (copyOf(GENERATIONS[of].statement) as Record<string, object>)[NAMES[of]] as object;
        const value = path === '' ? copy : valueAt(copy, path);
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
        const isFree = /arguments|environment(?!s)|Parameters|annotations/.test(path) && !path.endsWith('completeness');
        const isMap = /digest$|version$/.test(path);
        const text = await withCopy(of, (made) => (path === '' ? { ...made, unknown: 'x' } : changed(made, path, { ...value, unknown: 'x' })));
        if (isFree || isMap) expect(text).toMatch(DIFFERS);
        else expect(text).toBe('');
      },
    );
  }

  test.each(IGNORED)('%s is not compared', async (path) => {
    expect(await withCopy('v0.3', (copy) => changed(copy, path, 'another'))).toBe('');
    expect(await withCopy('v0.3', (copy) => changed(copy, path, 7))).toBe('');
    expect(await withCopy('v0.3', (copy) => changed(copy, path, undefined))).toBe('');
  });

  const STARTED = 'slsaProvenance.metadata.buildStartedOn';
  test.each<[name: string, of: Generation, edit: (copy: Copy) => unknown]>([
    ['members in another order', 'v0.3', (copy) => Object.fromEntries(Object.entries(copy).reverse())],
    ['null for what is absent', 'v1', (copy) => ({ ...copy, predicate: { ...(copy['predicate'] as object), extra: null }, other: null })],
    ['one time written otherwise', 'v0.3', (copy) => changed(copy, STARTED, '2026-08-24T10:00:00.12Z')],
    ['one number written otherwise', 'v0.3', (copy) => changed(copy, 'slsaProvenance.recipe.arguments.steps.0.timeout', 6e2)],
    ['names in other letter case', 'v0.3', ({ slsaProvenance, ...rest }) => ({ ...rest, SLSAProvenance: slsaProvenance })],
    ['a name with a long s', 'v0.3', ({ subject, ...rest }) => ({ ...rest, '\u017fubject': subject })],
  ])('is accepted with %s', async (_, of, edit) => expect(await withCopy(of, edit)).toBe(''));

  test.each<[name: string, of: Generation, edit: (copy: Copy) => unknown]>([
    ['an empty list for one that is absent', 'v1', (copy) => changed(copy, 'predicate.runDetails.builder.builderDependencies', [])],
    ['the same instant in another zone', 'v0.3', (copy) => changed(copy, STARTED, '2026-08-24T11:00:00.12+01:00')],
    ['one more subject', 'v0.3', (copy) => ({ ...copy, subject: [...SUBJECT, SUBJECT[0]] })],
    ['the subjects in another order', 'v0.3', (copy) => ({ ...copy, subject: SUBJECT.toReversed() })],
    ['null in a free member', 'v0.3', (copy) => changed(copy, 'slsaProvenance.recipe.arguments.extra', null)],
    ['names of free members in other letter case', 'v0.3', (copy) => changed(copy, 'slsaProvenance.recipe.environment', { home: '/root' })],
    ['a text for a number', 'v0.3', (copy) => changed(copy, 'slsaProvenance.recipe.arguments.steps.0.timeout', '600')],
    ['nothing in it', 'v0.3', () => ({})],
    ['another predicate type', 'v0.3', (copy) => ({ ...copy, predicateType: V1.predicateType })],
  ])('is refused with %s', async (_, of, edit) => expect(await withCopy(of, edit)).toMatch(DIFFERS));

  test('is refused when it is that of another version', async () => {
    expect(await textOf({ of: 'v0.3', edit: putInItem('build', copyOf(V1)) })).toMatch(DIFFERS);
    expect(await textOf({ of: 'v1', edit: putInItem('build', copyOf(V03)) })).toMatch(DIFFERS);
  });

  test('is told by the path of the first difference', async () => {
    expect(await withCopy('v0.3', (copy) => changed(copy, 'slsaProvenance.recipe.arguments.steps.0.args.1', 'push'))).toBe(
      'verified intoto provenance does not match text provenance: they differ in predicate.recipe.arguments.steps[0].args[1]',
    );
  });

  test.each<[name: string, edit: (copy: Copy) => unknown]>([
    ['a member twice but for letter case', (copy) => ({ ...copy, Subject: SUBJECT })],
    ['a time that is none', (copy) => changed(copy, STARTED, 'yesterday')],
    ['a digest that is a number', (copy) => changed(copy, 'subject.0.digest.sha256', 5)],
    ['a builder that is a text', (copy) => changed(copy, 'slsaProvenance.builder', 'x')],
    ['a number out of range', (copy) => changed(copy, 'slsaProvenance.recipe.arguments.steps.0.timeout', '#')],
  ])('makes the document unreadable with %s', async (_, edit) => {
    const item = itemOf(V03, GENERATIONS['v0.3'].signers);
    const document = describeImage([{ ...item, build: { intotoStatement: edit(structuredClone(item.build.intotoStatement) as Record<string, unknown>) } }]);
    const text = JSON.stringify(document).replace('"#"', '9'.repeat(400));
    expect(textIn(await verifyGcb(utf8(text), { digest: DIGEST, source: 'github.com/o/r' }, OPTIONS))).toMatch(/^invalid DSSE envelope payload: /);
  });
});

/** Some other value of the same type. */
function another(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.slice(1);
  if (typeof value === 'string' && /On$/.test(path)) return '2026-08-24T10:00:01Z';
  if (typeof value === 'string') return path.endsWith('content') ? 'aGVsbG8h' : `${value}x`;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (value === null) return 'x';
  return Object.fromEntries(Object.entries(value as object).slice(0, -1));
}
