/**
 * Questions to packages. Wishes of one kind are alternatives, those of different kinds must all be met.
 *
 *   names      as they are, with `*` and `?`, or a pattern (RE2) between slashes that may match anywhere: `/^k8s\.io\//`, `/Log4J/i`
 *   licenses   identifiers with `*` and `?`, in whatever case, anywhere in an expression: `GPL-*`; `A AND B` wants both, `NONE` that nothing is said
 *   purls      what package URLs begin with, or the whole of one with `*` and `?`
 */
import { type Matcher, matchesText, matching } from '@assay/core';
import { isPackageType, typeOfPurlType } from '../documents/identity.ts';
import type { Package } from '../inventory.ts';
import { parseRange } from '../versions/range.ts';

export interface Query {
  readonly names?: readonly string[] | undefined;
  /** Parts of names, compared exactly. */
  readonly contains?: readonly string[] | undefined;
  /** As `parseRange` has them; each package by the rules of its ecosystem. */
  readonly versions?: readonly string[] | undefined;
  readonly licenses?: readonly string[] | undefined;
  readonly purls?: readonly string[] | undefined;
  /** Kinds as we name them, or as package URLs do: `go-module`, `golang`. */
  readonly types?: readonly string[] | undefined;
  /** Names of what must be depended on, as `names`. */
  readonly dependsOn?: readonly string[] | undefined;
  /** Digests of layers, or their beginnings, with or without `sha256:`. */
  readonly layers?: readonly string[] | undefined;
}

/** Those that meet it, in their order. Errors: `USAGE`, `IDENTITY_PATTERN`. */
export async function queryPackages(packages: readonly Package[], query: Query): Promise<Package[]> {
  const tests = await Promise.all([
    testOf(query.names, nameTest),
    testOf(
      query.contains,
      (part) =>
        ({ name }) =>
          name.includes(part),
    ),
    testOf(query.versions, versionTest),
    testOf(query.licenses, licenseTest),
    testOf(query.purls, purlTest),
    testOf(
      query.types,
      (type) => (one) => one.type === type || (isPackageType(type) ? false : purlTypeOf(one.purl) === type || one.type === typeOfPurlType(type)),
    ),
    dependencyTest(packages, query.dependsOn),
    testOf(
      query.layers,
      (layer) =>
        ({ locations }) =>
          locations.some((one) => one.layer?.startsWith(layer) || one.layer?.startsWith(`sha256:${layer}`)),
    ),
  ]);
  return packages.filter((one) => tests.every((test) => test(one)));
}

type Test = (one: Package) => boolean;

async function testOf(wishes: readonly string[] | undefined, make: (wish: string) => Test | Promise<Test>): Promise<Test> {
  if (wishes === undefined) return () => true;
  const tests = await Promise.all(wishes.map(make));
  return (one) => tests.some((test) => test(one));
}

async function nameTest(wish: string): Promise<Test> {
  const matches = await nameMatcher(wish);
  return ({ name }) => matches(name);
}

async function nameMatcher(wish: string): Promise<(name: string) => boolean> {
  const { pattern, flags } = /^\/(?<pattern>.+)\/(?<flags>i?)$/s.exec(wish)?.groups ?? {};
  if (pattern === undefined) return glob(wish);
  const matcher = await matching(flags === 'i' ? `(?i)${pattern}` : pattern, 'search');
  return (name) => matchesText(matcher, name);
}

function versionTest(wish: string): Test {
  const range = parseRange(wish);
  return ({ type, version }) => version !== '' && range.includes(type, version);
}

async function licenseTest(wish: string): Promise<Test> {
  const wanted = await Promise.all(wish.split(/\s+AND\s+/i).map((part) => glob(part.trim(), 'i')));
  const isNone = /^none$/i.test(wish);
  return ({ licenses }) => {
    if (licenses.length === 0) return isNone;
    // Words of their own are searched whole, too: `Public domain`.
    const said = licenses.flatMap((license) => [license, ...license.split(/[\s(),/]+/)]);
    return wanted.every((matches) => said.some(matches));
  };
}

async function purlTest(wish: string): Promise<Test> {
  const wanted = decoded(wish);
  if (!/[*]/.test(wanted)) return ({ purl }) => decoded(purl).startsWith(wanted);
  const matches = await glob(wanted);
  return ({ purl }) => matches(decoded(purl));
}

async function dependencyTest(packages: readonly Package[], wishes: readonly string[] | undefined): Promise<Test> {
  if (wishes === undefined) return () => true;
  const matchers = await Promise.all(wishes.map(nameMatcher));
  const wanted = new Set(packages.filter(({ name }) => matchers.some((matches) => matches(name))).map(({ purl }) => purl));
  return ({ dependsOn }) => dependsOn.some((purl) => wanted.has(purl));
}

/** Through RE2, whose time is linear, whatever the pattern is. */
async function glob(wish: string, flags: '' | 'i' = ''): Promise<(text: string) => boolean> {
  if (!/[*?]/.test(wish) && flags === '') return (text) => text === wish;
  const body = wish
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const matcher: Matcher = await matching(`(?s${flags})${body}`);
  return (text) => matchesText(matcher, text);
}

function purlTypeOf(purl: string): string {
  return purl.slice('pkg:'.length, purl.indexOf('/'));
}

/** `%40scope` is written `@scope` by people. */
function decoded(purl: string): string {
  try {
    return decodeURIComponent(purl);
  } catch {
    return purl;
  }
}
