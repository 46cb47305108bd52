import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyInventory, DIGEST, SAMPLE } from '../../test/inventories.ts';
import type { Inventory } from '../inventory.ts';
import { conjuncts } from './licenses.ts';
import { parseSbom } from './parse.ts';
import { encodeSpdx } from './spdx.ts';

const json = (inventory: Inventory, options = {}) => JSON.parse(new TextDecoder().decode(encodeSpdx(inventory, options)));

/** Where Go keeps the sources of syft, which holds the schema of SPDX. */
const schemaFile = join(process.env['GOMODCACHE'] ?? join(homedir(), 'go/pkg/mod'), 'github.com/anchore/syft@v1.52.0/schema/spdx-json/spdx-schema-2.3.json');
if (!existsSync(schemaFile)) console.warn('SPDX documents are not held against the schema: no sources of syft 1.52.0 in GOMODCACHE');

describe('an SPDX document', () => {
  it.skipIf(!existsSync(schemaFile))('is what the schema of 2.3 demands', () => {
    const ajv = new Ajv.default({ strict: false });
    addFormats.default(ajv);
    const validate = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')));
    const check = (inventory: Inventory): void => {
      expect([validate(json(inventory)), validate.errors]).toEqual([true, null]);
    };
    check(SAMPLE);
    fc.assert(fc.property(anyInventory, check), { numRuns: 40 });
  });

  it('keeps the rules that the schema does not have', () => {
    fc.assert(
      fc.property(anyInventory, (inventory) => {
        const { SPDXID, packages, relationships, hasExtractedLicensingInfos = [], documentNamespace, creationInfo } = json(inventory);
        const ids: string[] = [SPDXID, ...packages.map((one: { SPDXID: string }) => one.SPDXID)];
        for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
        expect(new Set(ids).size).toBe(ids.length);
        for (const { spdxElementId, relatedSpdxElement } of relationships) expect(ids).toEqual(expect.arrayContaining([spdxElementId, relatedSpdxElement]));
        expect(documentNamespace).toMatch(/^https:\/\/[^#]+$/);
        expect(creationInfo.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        const defined = new Set(hasExtractedLicensingInfos.map((one: { licenseId: string }) => one.licenseId));
        expect(defined.size).toBe(hasExtractedLicensingInfos.length);
        for (const id of defined) expect(id).toMatch(/^LicenseRef-[A-Za-z0-9.-]+$/);
      }),
    );
  });

  it('says all that the inventory says', () => {
    const flat = (inventory: Inventory): Inventory => ({
      ...inventory,
      packages: inventory.packages.map((one) => ({ ...one, licenses: [...new Set(one.licenses.flatMap(conjuncts))].sort() })),
    });
    const check = (inventory: Inventory): void => {
      const { subject, ...others } = flat(parseSbom(encodeSpdx(inventory)));
      const { subject: expected, ...rest } = flat(inventory);
      expect(others).toEqual(rest);
      expect(subject).toEqual({ ...expected, created: expected.created?.replace('.000Z', 'Z') });
    };
    check(SAMPLE);
    fc.assert(fc.property(anyInventory, check));
  });

  it('is the same, byte for byte, for the same inventory, and has another namespace when anything differs', () => {
    expect(encodeSpdx(SAMPLE)).toEqual(encodeSpdx(structuredClone(SAMPLE)));
    const other = { ...SAMPLE, packages: SAMPLE.packages.slice(1) };
    expect(json(other).documentNamespace).not.toBe(json(SAMPLE).documentNamespace);
  });

  it('has the time that is given, else that of the image, else 1970', () => {
    const undated = { ...SAMPLE, subject: { ...SAMPLE.subject, created: undefined } };
    const created = (inventory: Inventory, options = {}): string => json(inventory, options).creationInfo.created;
    expect(created(SAMPLE, { time: new Date('2020-01-02T03:04:05Z') })).toBe('2020-01-02T03:04:05Z');
    expect(created(SAMPLE)).toBe('2024-05-06T07:08:09Z');
    expect(created(undated)).toBe('1970-01-01T00:00:00Z');
  });

  it('describes the image, which contains the rest', () => {
    const { packages, relationships, creationInfo } = json(SAMPLE, { tool: { name: 'assay', version: '9' } });
    expect(creationInfo.creators).toEqual(['Tool: assay-9']);
    expect(packages[0]).toMatchObject({ primaryPackagePurpose: 'CONTAINER', checksums: [{ algorithm: 'SHA256', checksumValue: DIGEST.slice(7) }] });
    expect(packages[1]).toMatchObject({ primaryPackagePurpose: 'OPERATING_SYSTEM', name: 'debian', versionInfo: '12' });
    const of = (type: string) => relationships.filter((one: { relationshipType: string }) => one.relationshipType === type);
    expect(of('DESCRIBES')).toEqual([
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-DocumentRoot-image-registry.example-team-app' },
    ]);
    expect(of('CONTAINS')).toHaveLength(packages.length - 1);
    expect(of('DEPENDS_ON')).toHaveLength(2);
  });

  it('has as many licences as a package names, and they are read again', () => {
    const licenses = Array.from({ length: 200 }, (_, i) => `licence of file ${i}, with some words`);
    const [one] = parseSbom(encodeSpdx({ ...SAMPLE, packages: SAMPLE.packages.slice(0, 1).map((first) => ({ ...first, licenses })) })).packages;
    expect(one?.licenses).toEqual(licenses);
  });

  it('has words that SPDX does not know as references, with their text', () => {
    const { packages, hasExtractedLicensingInfos } = json(SAMPLE);
    const declared = Object.fromEntries(packages.map((one: { name: string; licenseDeclared: string }) => [one.name, one.licenseDeclared]));
    expect(declared['left']).toBe('MIT AND ISC AND (BSD-2-Clause OR Zlib)');
    expect(declared['libc6']).toMatch(/^LicenseRef-GPL-2--[0-9a-f]{16} AND LGPL-2.1-only AND LicenseRef-public-domain-mostly-[0-9a-f]{16}$/);
    expect(declared['tool']).toBe('NOASSERTION');
    expect(hasExtractedLicensingInfos.map((one: { extractedText: string }) => one.extractedText)).toEqual(['GPL-2+', 'public domain, mostly']);
  });
});
