import { Version } from '@cyclonedx/cyclonedx-library/Spec';
import { JsonStrictValidator } from '@cyclonedx/cyclonedx-library/Validation';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyInventory, DIGEST, LAYER, SAMPLE } from '../../test/inventories.ts';
import type { Inventory } from '../inventory.ts';
import { encodeCycloneDx } from './cyclonedx.ts';
import { parseSbom } from './parse.ts';

const validator = new JsonStrictValidator(Version.v1dot6);
const text = (inventory: Inventory, options = {}): string => new TextDecoder().decode(encodeCycloneDx(inventory, options));
const json = (inventory: Inventory, options = {}) => JSON.parse(text(inventory, options));

describe('a CycloneDX document', () => {
  it('is what the schema of 1.6 demands', async () => {
    expect(await validator.validate(text(SAMPLE))).toBeNull();
    await fc.assert(
      fc.asyncProperty(anyInventory, async (inventory) => {
        expect(await validator.validate(text(inventory))).toBeNull();
      }),
      { numRuns: 40 },
    );
  });

  it('says all that the inventory says', () => {
    fc.assert(
      fc.property(anyInventory, (inventory) => {
        expect(parseSbom(encodeCycloneDx(inventory))).toEqual(inventory);
      }),
    );
    const { packages, ...others } = parseSbom(encodeCycloneDx(SAMPLE));
    expect(others).toEqual({ subject: SAMPLE.subject, distro: SAMPLE.distro, unreadable: SAMPLE.unreadable });
    // Parentheses around the whole say nothing.
    expect(packages).toEqual(SAMPLE.packages.map((one) => (one.name === '@scope/lib' ? { ...one, licenses: ['MIT OR Apache-2.0'] } : one)));
  });

  it('is the same, byte for byte, for the same inventory, and is called otherwise when anything differs', () => {
    expect(text(SAMPLE)).toBe(text(structuredClone(SAMPLE)));
    const other = { ...SAMPLE, subject: { ...SAMPLE.subject, version: '1.2.4' } };
    expect(json(SAMPLE).serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(json(other).serialNumber).not.toBe(json(SAMPLE).serialNumber);
  });

  it('has the time that is given, else that of the image, else none', () => {
    const undated = { ...SAMPLE, subject: { ...SAMPLE.subject, created: undefined } };
    expect(json(SAMPLE, { time: new Date(0) }).metadata.timestamp).toBe('1970-01-01T00:00:00.000Z');
    expect(json(SAMPLE).metadata.timestamp).toBe('2024-05-06T07:08:09.000Z');
    expect(json(undated).metadata.timestamp).toBeUndefined();
  });

  it('names the image by its digest, its layers, and the distribution', () => {
    const { metadata, components } = json(SAMPLE, { tool: { name: 'assay', version: '9' } });
    expect(metadata.tools.components).toEqual([{ type: 'application', name: 'assay', version: '9' }]);
    expect(metadata.component).toMatchObject({
      type: 'container',
      name: 'registry.example/team/app',
      version: '1.2.3',
      purl: `pkg:oci/app@${DIGEST}?repository_url=registry.example%2Fteam%2Fapp&tag=1.2.3`,
      hashes: [{ alg: 'SHA-256', content: DIGEST.slice(7) }],
    });
    expect(components[0].properties).toContainEqual({ name: 'assay:location:1:layerDigest', value: LAYER });
    expect(components.at(-1)).toMatchObject({ type: 'operating-system', name: 'debian', version: '12', 'bom-ref': 'os:debian@12' });
  });

  it('has licences as SPDX knows them, and other words as names', () => {
    const licenses = Object.fromEntries(json(SAMPLE).components.map((one: { name: string; licenses: unknown }) => [one.name, one.licenses]));
    expect(licenses['libc6']).toEqual([{ license: { name: 'GPL-2+' } }, { license: { id: 'LGPL-2.1-only' } }, { license: { name: 'public domain, mostly' } }]);
    expect(licenses['@scope/lib']).toEqual([{ expression: 'MIT OR Apache-2.0' }]);
    expect(licenses['left']).toEqual([{ license: { id: 'MIT' } }, { license: { name: 'ISC AND (BSD-2-Clause OR Zlib)' } }]);
  });

  it('says what could not be read, and is incomplete then', () => {
    const { metadata, compositions } = json(SAMPLE);
    expect(compositions).toEqual([{ aggregate: 'incomplete', assemblies: [metadata.component['bom-ref']] }]);
    expect(metadata.properties).toContainEqual({ name: 'assay:unreadable:0:path', value: '/var/lib/rpm/rpmdb.sqlite' });
    expect(json({ ...SAMPLE, unreadable: [] }).compositions).toBeUndefined();
  });

  it('says dependencies where they are known, also in a circle', () => {
    expect(json(SAMPLE).dependencies).toEqual([
      { ref: 'pkg:npm/%40scope/lib@1.0.0', dependsOn: ['pkg:npm/left@2.0.0'] },
      { ref: 'pkg:npm/left@2.0.0', dependsOn: ['pkg:npm/%40scope/lib@1.0.0'] },
    ]);
  });
});
