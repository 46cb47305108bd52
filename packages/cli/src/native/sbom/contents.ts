/** What is in a thing, for questions and comparisons: read from an SBOM, or made on the fly. */
import { decodeBase64, isJsonObject, type JsonObject, MAX_BUNDLE_BYTES, quote, TrustError, tryParseJsonObject } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type Inventory, MAX_SBOM_BYTES, mergePackages, type Package, readSbom, type SbomDocument } from '@assay/sbom';
import type { Io } from '../../io.ts';
import { named } from '../../named.ts';
import { readStandardInput } from '../../read-input.ts';
import { headOf, type InventoryFlags, inventoryOf } from './inventory.ts';
import { tellUnreadable } from './make.ts';
import { type SbomThing, sbomThingOf } from './thing.ts';

export interface Contents {
  /** As a document lists it: in its order, also files and systems, and what stands there twice. */
  readonly listed: readonly Package[];
  readonly inventory: Inventory;
}

/** Errors: `SBOM_PARSE`, `SBOM_LIMIT`, and those of making. */
export async function contentsOf(argument: string, flags: InventoryFlags, io: Io): Promise<Contents> {
  const thing = sbomThingOf(argument);
  const documents = thing.kind === 'file' ? await documentsIn(thing, io) : undefined;
  if (documents !== undefined) return named(argument === '-' ? 'standard input' : argument, () => joined(documents.map(readSbom)));
  const inventory = await inventoryOf(thing, flags, io);
  tellUnreadable(inventory, io);
  return { listed: inventory.packages, inventory };
}

/** About one thing, as several attestations of it are. */
function joined(documents: readonly SbomDocument[]): Contents {
  const [first, ...others] = documents;
  if (first === undefined) throw new TypeError('no document');
  if (others.length === 0) return first;
  const packages = mergePackages(documents.flatMap(({ inventory }) => inventory.packages));
  return { listed: documents.flatMap(({ listed }) => listed), inventory: { ...first.inventory, packages } };
}

/** Undefined for files that are no text of that kind: those are looked into. */
async function documentsIn({ name }: SbomThing, io: Io): Promise<readonly Uint8Array[] | undefined> {
  if (/^sha256:/.test(name))
    throw new TrustError('USAGE', `${quote(name)}: a digest does not say what is in it`, { hint: 'name an SBOM, a file, a folder or an image' });
  if (name !== '-' && !TEXT.test(headOf(name, HEAD_BYTES))) return undefined;
  const content = name === '-' ? await readStandardInput(io) : readFileCapped(name, MAX_SBOM_BYTES);
  const signed = payloadsIn(content);
  if (signed === undefined) return [content];
  io.stderr(`${name === '-' ? 'standard input' : name} is an attestation, and its signature was not verified: assay sbom extract does that\n`);
  return signed;
}

/** Of a bundle, or of envelopes as `cosign verify-attestation` prints them, one a line. Undefined when they are none. */
function payloadsIn(content: Uint8Array): Uint8Array[] | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  if (content.length > MAX_BUNDLE_BYTES || !bytes.includes('"payloadType"')) return undefined;
  const one = payloadIn(content);
  if (one !== undefined) return [one];
  const lines = bytes
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '');
  const all = lines.map(payloadIn);
  return all.every((payload) => payload !== undefined) ? all : undefined;
}

function payloadIn(content: Uint8Array | string): Uint8Array | undefined {
  const document = tryParseJsonObject(content);
  const envelope = document && isJsonObject(document['dsseEnvelope']) ? document['dsseEnvelope'] : document;
  return envelope === undefined ? undefined : payloadOf(envelope);
}

function payloadOf({ payload, payloadType }: JsonObject): Uint8Array | undefined {
  return typeof payload === 'string' && typeof payloadType === 'string' ? decodeBase64(payload) : undefined;
}

/** JSON, and what people take for it: those are told what is expected. */
const TEXT = /^(?:\u00ef\u00bb\u00bf)?\s*(?:\{|\[|<\?xml|<bom|SPDXVersion:)/;
const HEAD_BYTES = 64;
