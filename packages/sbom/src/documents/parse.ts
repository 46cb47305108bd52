/**
 * SBOMs of any maker as an inventory.
 *
 *   CycloneDX   JSON with `bomFormat`, 1.2 to 1.7
 *   SPDX        JSON with `spdxVersion`, 2.2 and 2.3
 *   syft        JSON with `artifacts` and its `schema`
 *
 * Any of them may also be the predicate of an in-toto statement. What it is must be certain; what is missing in it is not a fault. Texts are read as the
 * strict parser reads them: names that stand twice, and more than 64 levels, are refused.
 */
import { decodeUtf8, isJsonObject, type Json, JsonError, type JsonObject, parseJson, quote, TrustError } from '@assay/core';
import { type Inventory, mergePackages, type Package } from '../inventory.ts';
import { textOf } from './loose.ts';
import { readCycloneDx } from './read-cyclonedx.ts';
import { readSpdx } from './read-spdx.ts';
import { readSyft } from './read-syft.ts';
import type { Listed, Read, SbomDocument, SbomKind } from './sbom-document.ts';

/** Errors: `SBOM_PARSE`, `SBOM_LIMIT`. */
export function parseSbom(content: Uint8Array): Inventory {
  return readSbom(content).inventory;
}

/** As `parseSbom`, with what the document lists, as it lists it. */
export function readSbom(content: Uint8Array): SbomDocument {
  const document = sbomIn(parsed(content));
  const kind = kindOf(document) ?? refuse(document);
  const read = READERS[kind](document);
  const purls = purlsOf(read.listed);
  const listed = read.listed.map((one) => connected(one, purls));
  const packages = mergePackages(listed.filter((_, i) => read.listed[i]?.isPackage === true));
  return { kind, version: read.version, listed, inventory: { subject: read.subject, distro: read.distro, packages, unreadable: read.unreadable } };
}

/** Of which kind a document is; undefined for what is none of them. Errors: `SBOM_PARSE`. */
export function sbomKind(content: Uint8Array): SbomKind | undefined {
  return kindOf(parsed(content));
}

const READERS: Readonly<Record<SbomKind, (document: JsonObject) => Read>> = { cyclonedx: readCycloneDx, spdx: readSpdx, syft: readSyft };

function kindOf(document: JsonObject): SbomKind | undefined {
  if (document['bomFormat'] === 'CycloneDX') return 'cyclonedx';
  if (typeof document['spdxVersion'] === 'string') return 'spdx';
  const { schema, artifacts } = document;
  return Array.isArray(artifacts) && isJsonObject(schema) && textOf(schema['url'])?.includes('syft') ? 'syft' : undefined;
}

/** The document itself, or the predicate of a statement; SPDX stands there as text, too (cosign.md section 2.4). */
function sbomIn(document: JsonObject): JsonObject {
  const { _type, predicate } = document;
  if (typeof _type !== 'string' || !_type.startsWith('https://in-toto.io/Statement/')) return document;
  const inner = typeof predicate === 'string' ? parsed(new TextEncoder().encode(predicate)) : predicate;
  if (isJsonObject(inner)) return inner;
  throw new TrustError('SBOM_PARSE', 'the predicate of the statement is no object');
}

function parsed(content: Uint8Array): JsonObject {
  if (content.length > MAX_SBOM_BYTES) throw new TrustError('SBOM_LIMIT', `the document has ${content.length} bytes, the cap is ${MAX_SBOM_BYTES}`);
  const text = decodeUtf8(startsWithMark(content) ? content.subarray(3) : content);
  if (text === undefined) throw new TrustError('SBOM_PARSE', 'the document is not UTF-8 text');
  if (/^\s*</.test(text)) throw new TrustError('SBOM_PARSE', 'the document is XML, not JSON');
  if (/^SPDXVersion:/m.test(text.slice(0, 1000))) throw new TrustError('SBOM_PARSE', 'the document is SPDX as tag-value, not JSON');
  const value = jsonOf(text);
  if (isJsonObject(value)) return value;
  throw new TrustError('SBOM_PARSE', 'the document is JSON, but no object');
}

function jsonOf(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw new TrustError('SBOM_PARSE', `the document is not valid JSON: ${error.message}`, { cause: error });
    throw error;
  }
}

/** A byte order mark, as tools of Windows write it. */
function startsWithMark(content: Uint8Array): boolean {
  return content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf;
}

function refuse(document: JsonObject): never {
  const isSpdx3 = typeof document['@context'] === 'string' && document['@context'].includes('spdx');
  const found = isSpdx3 ? 'SPDX 3' : `JSON with ${quote(Object.keys(document).slice(0, 5).join(', '), 100) || 'nothing in it'}`;
  throw new TrustError('SBOM_PARSE', 'the document is no SBOM of a known format', {
    expected: 'bomFormat of CycloneDX, spdxVersion of SPDX, or the schema of syft',
    found,
  });
}

/** A reference that names two components names the first. */
function purlsOf(listed: readonly Listed[]): ReadonlyMap<string, string> {
  const purls = new Map<string, string>();
  for (const { ref, package: one } of listed) if (ref !== undefined && !purls.has(ref)) purls.set(ref, one.purl);
  return purls;
}

function connected({ package: one, dependsOn }: Listed, purls: ReadonlyMap<string, string>): Package {
  if (dependsOn.length === 0) return one;
  return { ...one, dependsOn: [...new Set(dependsOn.flatMap((ref) => purls.get(ref) ?? []))].sort() };
}

/** What a text may have here at most, a little less than the engine's own cap. */
export const MAX_SBOM_BYTES = 512_000_000;
