import { isTrustError, utf8 } from '@assay/core';
import { describe, expect, it } from 'vitest';
import { SAMPLE } from '../../test/inventories.ts';
import { encodeCycloneDx } from './cyclonedx.ts';
import { parseSbom, readSbom, sbomKind } from './parse.ts';
import { encodeSpdx } from './spdx.ts';

const bytes = (document: unknown): Uint8Array => utf8(typeof document === 'string' ? document : JSON.stringify(document));
const cyclonedx = (more: object = {}, specVersion = '1.5') => ({ bomFormat: 'CycloneDX', specVersion, ...more });
const spdx = (more: object = {}, spdxVersion = 'SPDX-2.3') => ({ spdxVersion, SPDXID: 'SPDXRef-DOCUMENT', name: 'x', ...more });
const syft = (more: object = {}) => ({ schema: { version: '16.1.10', url: 'https://example.org/syft/schema.json' }, artifacts: [], ...more });
const names = (document: unknown): string[] => readSbom(bytes(document)).listed.map(({ name }) => name);

function problemOf(content: Uint8Array): string {
  try {
    readSbom(content);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
  return 'none';
}

describe('documents of others', () => {
  it.each(['1.2', '1.3', '1.4', '1.5', '1.6', '1.7'])('of CycloneDX %s are read', (version) => {
    const { kind, version: found, inventory } = readSbom(bytes(cyclonedx({ components: [{ type: 'library', name: 'a', version: '1' }] }, version)));
    expect({ kind, found, packages: inventory.packages.length }).toEqual({ kind: 'cyclonedx', found: version, packages: 1 });
  });

  it.each(['2.2', '2.3'])('of SPDX %s are read', (version) => {
    expect(readSbom(bytes(spdx({}, `SPDX-${version}`)))).toMatchObject({ kind: 'spdx', version });
  });

  it('of Trivy are read, with layers and the distribution', () => {
    const document = cyclonedx({
      metadata: { component: { 'bom-ref': 'root', type: 'container', name: 'alpine:3.20' } },
      components: [
        { 'bom-ref': 'os', type: 'operating-system', name: 'alpine', version: '3.20.3' },
        {
          'bom-ref': 'pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64',
          type: 'library',
          name: 'musl',
          version: '1.2.5-r0',
          purl: 'pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=3.20.3',
          licenses: [{ license: { name: 'MIT' } }],
          properties: [{ name: 'aquasecurity:trivy:LayerDigest', value: 'sha256:43c4' }],
        },
        { 'bom-ref': 'n', type: 'library', group: '@scope', name: 'lib', version: '1', purl: 'pkg:npm/%40scope/lib@1' },
      ],
      dependencies: [{ ref: 'n', dependsOn: ['pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64', 'gone'] }],
    });
    const { inventory, listed } = readSbom(bytes(document));
    expect(listed.map(({ name }) => name)).toEqual(['alpine', 'musl', '@scope/lib']);
    expect(inventory.distro).toEqual({ id: 'alpine', versionId: '3.20.3', prettyName: 'alpine' });
    expect(inventory.packages).toMatchObject([
      { type: 'apk', name: 'musl', licenses: ['MIT'], locations: [{ path: '/', layer: 'sha256:43c4' }] },
      { type: 'npm', name: '@scope/lib', dependsOn: ['pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=3.20.3'] },
    ]);
  });

  it('have components within components, which stand behind their owner', () => {
    const document = cyclonedx({
      components: [
        { type: 'application', name: 'a', components: [{ type: 'library', name: 'b', components: [{ type: 'library', name: 'c' }] }] },
        { type: 'library', name: 'd' },
      ],
    });
    expect(names(document)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('list what they list, twice where it stands twice; an inventory has it once', () => {
    const one = { type: 'library', name: 'a', version: '1', purl: 'pkg:npm/a@1' };
    const { listed, inventory } = readSbom(bytes(cyclonedx({ components: [one, { type: 'file', name: '/bin/sh' }, one] })));
    expect(listed.map(({ name }) => name)).toEqual(['a', '/bin/sh', 'a']);
    expect(inventory.packages.map(({ name }) => name)).toEqual(['a']);
  });

  it('have packages without package URL, which are told apart by kind, name and version', () => {
    const components = [
      { type: 'library', name: 'a b', version: '1' },
      { type: 'application', name: 'a b', version: '1' },
      { type: 'library', name: 'a b' },
      { type: 'library', name: 'bad', version: '1', purl: 'not a purl' },
    ];
    expect(parseSbom(bytes(cyclonedx({ components }))).packages.map(({ purl }) => purl)).toEqual([
      'pkg:generic/application/a%20b@1',
      'pkg:generic/library/a%20b',
      'pkg:generic/library/a%20b@1',
      'pkg:generic/library/bad@1',
    ]);
  });

  it('of SPDX say dependencies from either side, and licences by reference', () => {
    const purl = (name: string) => ({
      SPDXID: `SPDXRef-${name}`,
      name,
      versionInfo: '1',
      licenseDeclared: 'MIT AND LicenseRef-x',
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: `pkg:npm/${name}@1` }],
    });
    const relationship = (from: string, relationshipType: string, to: string) => ({ spdxElementId: from, relationshipType, relatedSpdxElement: to });
    const document = spdx({
      packages: [{ SPDXID: 'SPDXRef-root', name: 'root', licenseConcluded: 'NOASSERTION' }, purl('a'), purl('b'), purl('c')],
      hasExtractedLicensingInfos: [{ licenseId: 'LicenseRef-x', extractedText: 'do as you like' }],
      relationships: [
        relationship('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-root'),
        relationship('SPDXRef-a', 'DEPENDS_ON', 'SPDXRef-b'),
        relationship('SPDXRef-c', 'DEV_DEPENDENCY_OF', 'SPDXRef-b'),
      ],
    });
    const { subject, packages } = parseSbom(bytes(document));
    expect(subject.name).toBe('root');
    expect(packages.map(({ name, dependsOn, licenses }) => ({ name, dependsOn, licenses }))).toEqual([
      { name: 'a', dependsOn: ['pkg:npm/b@1'], licenses: ['MIT', 'do as you like'] },
      { name: 'b', dependsOn: ['pkg:npm/c@1'], licenses: ['MIT', 'do as you like'] },
      { name: 'c', dependsOn: [], licenses: ['MIT', 'do as you like'] },
    ]);
  });

  it("of syft's own format are read", () => {
    const artifact = (id: string) => ({
      id,
      name: id,
      version: '1',
      type: 'deb',
      purl: `pkg:deb/debian/${id}@1?arch=all`,
      locations: [{ path: '/var/lib/dpkg/status', layerID: 'sha256:1' }],
      licenses: [{ value: 'GPL-2+', spdxExpression: '' }],
    });
    const document = syft({
      artifacts: [artifact('a'), artifact('b')],
      artifactRelationships: [{ parent: 'b', child: 'a', type: 'dependency-of' }],
      source: { type: 'image', name: 'app', version: '1', metadata: { manifestDigest: `sha256:${'0'.repeat(64)}` } },
      distro: { id: 'debian', versionID: '12', prettyName: 'Debian 12' },
    });
    expect(parseSbom(bytes(document))).toMatchObject({
      subject: { kind: 'image', name: 'app', version: '1' },
      distro: { id: 'debian', versionId: '12' },
      packages: [
        { name: 'a', type: 'deb', licenses: ['GPL-2+'], dependsOn: ['pkg:deb/debian/b@1?arch=all'], locations: [{ layer: 'sha256:1' }] },
        { name: 'b', dependsOn: [] },
      ],
    });
  });

  it.each([
    ['as it is', (predicate: object) => predicate],
    ['as text', (predicate: object) => JSON.stringify(predicate)],
  ])('are read out of a statement, %s', (_, put) => {
    const predicate = put(cyclonedx({ components: [{ name: 'a' }] }));
    expect(names({ _type: 'https://in-toto.io/Statement/v0.1', predicateType: 'https://cyclonedx.org/bom', predicate })).toEqual(['a']);
  });

  it('may begin with a byte order mark', () => {
    expect(names(`\ufeff${JSON.stringify(cyclonedx({ components: [{ name: 'a' }] }))}`)).toEqual(['a']);
  });

  it('may lack nearly everything, or have it of another kind', () => {
    const component = {
      name: 'a',
      version: 7,
      licenses: 'MIT',
      hashes: {},
      properties: [null, { name: 1 }],
      supplier: [],
      'bom-ref': 3,
      purl: {},
      evidence: 1,
    };
    const document = cyclonedx({ metadata: 'none', components: [component], dependencies: [{ ref: 1 }, 'x', { ref: 'a', dependsOn: 'b' }] });
    expect(parseSbom(bytes(document))).toEqual({
      subject: { kind: 'file', name: '', version: '', digest: undefined, created: undefined },
      distro: undefined,
      packages: [
        {
          purl: 'pkg:generic/library/a',
          type: 'other',
          name: 'a',
          version: '',
          licenses: [],
          hashes: [],
          locations: [],
          dependsOn: [],
          foundBy: '',
        },
      ],
      unreadable: [],
    });
  });
});

describe('a hostile document', () => {
  const deep = (levels: number): object => {
    let component: object = { name: 'x' };
    for (let i = 0; i < levels; i++) component = { name: 'x', components: [component] };
    return cyclonedx({ components: [component] });
  };

  it.each<[what: string, content: Uint8Array, problem: string]>([
    ['nothing', bytes(''), 'SBOM_PARSE: the document is not valid JSON: unexpected end'],
    ['no UTF-8', Uint8Array.of(0x7b, 0xff), 'SBOM_PARSE: the document is not UTF-8 text'],
    ['XML', bytes('<?xml version="1.0"?><bom/>'), 'SBOM_PARSE: the document is XML, not JSON'],
    ['tag-value', bytes('SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n'), 'SBOM_PARSE: the document is SPDX as tag-value, not JSON'],
    ['a list', bytes('[]'), 'SBOM_PARSE: the document is JSON, but no object'],
    ['another document', bytes({ kind: 'Pod' }), 'SBOM_PARSE: the document is no SBOM of a known format'],
    ['SPDX 3', bytes({ '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld' }), 'SBOM_PARSE: the document is no SBOM of a known format'],
    ['an unknown version', bytes(cyclonedx({}, '2.0')), 'SBOM_PARSE: specVersion is "2.0", 1.2 to 1.7 are read'],
    ['an unknown version of SPDX', bytes(spdx({}, 'SPDX-3.0')), 'SBOM_PARSE: spdxVersion is "SPDX-3.0", SPDX-2.2 and SPDX-2.3 are read'],
    [
      'a statement of something else',
      bytes({ _type: 'https://in-toto.io/Statement/v1', predicate: 7 }),
      'SBOM_PARSE: the predicate of the statement is no object',
    ],
    ['components that are no list', bytes(cyclonedx({ components: {} })), 'SBOM_PARSE: components is not an array'],
    ['a component that is none', bytes(cyclonedx({ components: [1] })), 'SBOM_PARSE: components[0] is not an object'],
    ['a component without name', bytes(cyclonedx({ components: [{ name: 7 }] })), 'SBOM_PARSE: the name of a component is not text'],
    ['a package without name', bytes(spdx({ packages: [{}] })), 'SBOM_PARSE: the name of a package is not text'],
    ['an artifact without name', bytes(syft({ artifacts: [{}] })), 'SBOM_PARSE: the name of an artifact is not text'],
    [
      'a name that stands twice',
      bytes('{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}'),
      'SBOM_PARSE: the document is not valid JSON: duplicate member "bomFormat"',
    ],
    [
      '100,000 levels',
      bytes(`{"bomFormat":"CycloneDX","components":${'['.repeat(100_000)}`),
      'SBOM_PARSE: the document is not valid JSON: nested deeper than 64',
    ],
    ['100 levels of components', bytes(deep(100)), 'SBOM_PARSE: the document is not valid JSON: nested deeper than 64'],
  ])('that is or has %s is refused', (_, content, problem) => {
    expect(problemOf(content)).toContain(problem);
  });

  it('is told by the names of its members, without what a terminal obeys', () => {
    const refused = expect.objectContaining({ code: 'SBOM_PARSE', found: 'JSON with a\\u001b[2J' });
    expect(() => parseSbom(bytes({ 'a\u001b[2J': 1 }))).toThrow(refused);
  });

  it('is refused wherever it is cut off', () => {
    for (const whole of [encodeCycloneDx(SAMPLE), encodeSpdx(SAMPLE)]) {
      const end = whole.lastIndexOf('}'.charCodeAt(0));
      for (let at = 0; at < end; at += at < 300 ? 1 : 97) expect(problemOf(whole.subarray(0, at)), String(at)).toMatch(/^SBOM_PARSE: the document is not/);
    }
  });

  it('may not list more than a million components', () => {
    const content = bytes(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[${'{},'.repeat(1_000_000)}{}]}`);
    expect(problemOf(content)).toBe('SBOM_LIMIT: more than 1000000 components, the cap');
  });

  it('with references that stand twice, to itself or in a circle is read', () => {
    const component = (ref: string, name: string) => ({ 'bom-ref': ref, type: 'library', name, version: '1', purl: `pkg:npm/${name}@1` });
    const document = cyclonedx({
      components: [component('r', 'a'), component('r', 'b'), component('s', 'c')],
      dependencies: [
        { ref: 'r', dependsOn: ['s', 'r'] },
        { ref: 's', dependsOn: ['r'] },
      ],
    });
    expect(parseSbom(bytes(document)).packages.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['a', ['pkg:npm/c@1']],
      ['b', ['pkg:npm/a@1', 'pkg:npm/c@1']],
      ['c', ['pkg:npm/a@1']],
    ]);
  });

  it('that speaks of __proto__ changes nothing but itself', () => {
    const content = bytes(
      '{"bomFormat":"CycloneDX","specVersion":"1.6","__proto__":{"components":[{"name":"evil"}]},' +
        '"components":[{"name":"__proto__","bom-ref":"__proto__","properties":[{"name":"__proto__","value":"x"}],"__proto__":{"version":"6"}}],' +
        '"dependencies":[{"ref":"__proto__","dependsOn":["constructor","__proto__"]}]}',
    );
    expect(parseSbom(content).packages.map(({ name, version }) => ({ name, version }))).toEqual([{ name: '__proto__', version: '' }]);
    expect(Object.hasOwn(Object.prototype, 'components')).toBe(false);
  });

  it('has licences that would take for ever, and they are words', () => {
    const expression = `${'('.repeat(50_000)}MIT`;
    const [one] = parseSbom(bytes(cyclonedx({ components: [{ name: 'a', licenses: [{ expression }] }] }))).packages;
    expect(one?.licenses).toEqual([expression]);
  });
});

describe('the kind of a document', () => {
  it.each([
    ['cyclonedx', cyclonedx()],
    ['spdx', spdx()],
    ['syft', syft()],
    [undefined, { kind: 'Pod' }],
  ])('is %s', (kind, document) => {
    expect(sbomKind(bytes(document))).toBe(kind);
  });
});
