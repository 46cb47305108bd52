/**
 * `assay sbom attest THING`: an SBOM that is there, or one that is made of the very digest that is attested. What is too large for the services that it would
 * go through is attested by reference.
 */
import { basename, dirname, join } from 'node:path';
import { type JsonValue, MAX_BUNDLE_BYTES, TrustError, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { hexOf, parseRepository, repositoryText } from '@assay/oci';
import {
  formatOfKind,
  type Inventory,
  MAX_SBOM_BYTES,
  MEDIA_TYPE_OF,
  PREDICATE_TYPE_OF,
  pushSbom,
  REFERENCE_TYPE,
  referencePredicate,
  referenceTo,
  type SbomFormat,
  type SbomReference,
  sbomKind,
} from '@assay/sbom';
import { encodeStatement, readPredicate, type Signable } from '@assay/sign';
import { artifactSource } from '../../artifact-source.ts';
import type { Io } from '../../io.ts';
import { named } from '../../named.ts';
import { readStandardInput } from '../../read-input.ts';
import { refuseOverwriting } from '../bundle-file.ts';
import { sideRepositoryOf } from '../registry-flags.ts';
import { chosenServices, type ServiceFlags } from '../services.ts';
import { type CommonFlags, digestOf, type ImageToSign, imagesOf, type Session, sealFile, sealImage, withSession } from '../sign.ts';
import { inventoryIn, inventoryOf, sourceIn } from './inventory.ts';
import { tellUnreadable } from './make.ts';
import { encoded, writeFile } from './outputs.ts';
import { shortTypeOf } from './sbom-type.ts';

export interface SbomAttestFlags extends CommonFlags {
  /** An SBOM that is there; `-` for standard input. */
  readonly sbom?: string;
  /** Or one that is made. */
  readonly make?: boolean;
  readonly format: SbomFormat;
  readonly platform?: string;
  readonly byReference?: boolean;
  readonly inline?: boolean;
  /** What the services take, where that is known. */
  readonly maxInline?: number;
  readonly downloadLocation?: string;
}

/** Returns the exit status. Errors: `SBOM_PARSE`, `SBOM_LIMIT` when it must be inline and is too large, `USAGE`, those of making and of signing. */
export async function runSbomAttest(things: readonly string[], flags: SbomAttestFlags, io: Io): Promise<number> {
  refuseContradictions(flags);
  const given = flags.sbom === undefined ? undefined : await givenSbom(flags.sbom, io);
  const cap = await capOf(flags, io);
  return withSession(things, flags, io, async (thing, session) => {
    if (thing.kind === 'file') return attest(await fileTarget(thing.name, flags, session), given, cap, flags, io);
    for (const image of await imagesOf(thing.name, false, session)) await attest(imageTarget(image, flags, session), given, cap, flags, io);
  });
}

interface Sbom {
  readonly content: Uint8Array;
  readonly format: SbomFormat;
  readonly name: string;
}

/** What an SBOM is about. */
interface Target {
  readonly name: string;
  readonly sha256: string;
  /** What is made is called so, with an ending. */
  readonly base: string;
  inventory(): Promise<Inventory>;
  /** Where a document will lie that is attested by reference. */
  location(sha256: string, name: string): string;
  /** Puts it there, unless it is there: `made` documents are nowhere yet. */
  place(content: Uint8Array, reference: SbomReference, from: 'given' | 'made'): Promise<void>;
  seal(signable: Signable, predicateType: string): Promise<void>;
}

/** Of an attestation as it is sent. */
interface Cap {
  readonly bytes: number;
  readonly of: string;
}

async function attest(target: Target, given: Sbom | undefined, cap: Cap, flags: SbomAttestFlags, io: Io): Promise<void> {
  const { content, format, name } = given ?? (await madeSbom(target, flags, io));
  const statement = (predicateType: string, predicate: JsonValue): Uint8Array =>
    encodeStatement({ name: target.name, sha256: target.sha256, predicateType, predicate, version: 'v1' });
  const predicateType = PREDICATE_TYPE_OF[format];
  const whole = flags.byReference === true ? undefined : statement(predicateType, readPredicate(content, shortTypeOf(format), io.now));
  if (whole !== undefined && fits(whole, cap, flags, io)) return target.seal({ kind: 'dsse', payload: whole }, predicateType);
  const reference = referenceTo(content, { name, mediaType: MEDIA_TYPE_OF[format], downloadLocation: '' });
  const located = { ...reference, downloadLocation: flags.downloadLocation ?? target.location(reference.sha256, name) };
  // First: what is signed can then be found.
  await target.place(content, located, given === undefined ? 'made' : 'given');
  await target.seal({ kind: 'dsse', payload: statement(REFERENCE_TYPE, referencePredicate(located)) }, REFERENCE_TYPE);
}

/** Errors: `SBOM_LIMIT`. */
function fits(statement: Uint8Array, cap: Cap, { inline }: SbomAttestFlags, io: Io): boolean {
  // The envelope holds it as base64.
  const sent = Math.ceil(statement.length / 3) * 4 + ENVELOPE_BYTES;
  if (sent <= cap.bytes) return true;
  const says = `an attestation of about ${sent} bytes is more than ${cap.bytes}, ${cap.of}`;
  if (inline === true) throw new TrustError('SBOM_LIMIT', says, { hint: 'leave out --inline: the SBOM is attested by its digest then, and lies beside' });
  io.stderr(`${says}: attested by reference\n`);
  return false;
}

function refuseContradictions({ sbom, make, byReference, inline }: SbomAttestFlags): void {
  const refuse = (message: string, hint: string): never => {
    throw new TrustError('USAGE', message, { hint });
  };
  if (sbom !== undefined && make === true) refuse('--sbom and --make exclude each other', 'give one of them');
  if (sbom === undefined && make !== true) refuse('which SBOM is attested is not said', 'name it with --sbom FILE, or let it be made with --make');
  if (byReference === true && inline === true) refuse('--by-reference and --inline exclude each other', 'give one of them');
}

/** Errors: `SBOM_PARSE`, `FILE_…`. */
async function givenSbom(path: string, io: Io): Promise<Sbom> {
  const content = path === '-' ? await readStandardInput(io) : readFileCapped(path, MAX_SBOM_BYTES);
  const format = named(path === '-' ? 'standard input' : path, () => formatOfKind(sbomKind(content) ?? refuseOther()));
  return { content, format, name: path === '-' ? `sbom${ENDINGS[format]}` : basename(path) };
}

function refuseOther(): never {
  throw new TrustError('SBOM_PARSE', 'the document is no SBOM of a known format', { hint: 'other statements are made with assay attest --type' });
}

async function madeSbom(target: Target, { format }: SbomAttestFlags, io: Io): Promise<Sbom> {
  const inventory = await target.inventory();
  tellUnreadable(inventory, io);
  return { content: encoded(inventory, format, io), format, name: `${target.base}${ENDINGS[format]}` };
}

/**
 * What refuses large attestations. A log of Rekor v1 gets the whole of them: public instances answer what is larger than about 4 MiB with 413, 502 or nothing,
 * while the program itself has no cap, so that --max-inline can say otherwise. Rekor v2 gets a digest alone. Registries cap manifests (4 MiB), which bundles are
 * not; whoever reads bundles, ours and cosign, stops at 128 MiB.
 */
export async function capOf(flags: ServiceFlags & Pick<SbomAttestFlags, 'maxInline' | 'byReference'>, io: Io): Promise<Cap> {
  if (flags.maxInline !== undefined) return { bytes: flags.maxInline, of: 'what --max-inline says' };
  if (flags.byReference === true) return { bytes: 0, of: '' };
  const logs = (await chosenServices(flags, io))?.logs ?? [];
  if (logs.some(({ majorApiVersion }) => majorApiVersion === 1)) return { bytes: REKOR_V1_BYTES, of: 'what public logs of Rekor v1 take' };
  return { bytes: MAX_BUNDLE_BYTES, of: 'what is read of a bundle' };
}

async function fileTarget(path: string, flags: SbomAttestFlags, session: Session): Promise<Target> {
  const { io } = session;
  const artifact = await artifactSource(path, io).open(['sha256'], nodeCrypto);
  const sha256 = toHex(await digestOf(artifact, 'sha256'));
  return {
    name: basename(path),
    sha256,
    base: basename(path),
    inventory: async () => {
      const inventory = await inventoryOf({ kind: 'file', name: path }, flags, io);
      const { kind, digest } = inventory.subject;
      if (kind === 'file' && digest !== `sha256:${sha256}`) throw new TrustError('FILE_UNREADABLE', `${path}: it changes while it is read`);
      return inventory;
    },
    location: (_, name) => `file:${encodeURIComponent(name)}`,
    place: async (content, { name }, from) => {
      if (from === 'given') return;
      const beside = join(dirname(path), name);
      refuseOverwriting(beside, flags);
      writeFile(beside, content, io);
    },
    seal: (signable) => sealFile(path, artifact, signable, session),
  };
}

function imageTarget(image: ImageToSign, flags: SbomAttestFlags, session: Session): Target {
  const { reader, subject } = image;
  const { io, access } = session;
  const side = sideRepositoryOf(flags, io);
  const to = side === undefined ? reader : access.registries.repository(parseRepository(side));
  const name = repositoryText(reader.repository);
  return {
    name,
    sha256: hexOf(subject.digest),
    base: basename(reader.repository.repository),
    inventory: async () => inventoryIn(await sourceIn(await reader.requireManifest(subject.digest), reader, { name }, flags), io),
    location: (sha256) => to.connection.describe(`${to.repository.repository}/blobs/sha256:${sha256}`),
    place: async (content, reference) => {
      if (!flags.store && flags.downloadLocation === undefined)
        throw new TrustError('USAGE', 'with --no-store the SBOM would lie nowhere', { hint: 'say where it will lie: --download-location URL' });
      if (!flags.store) return;
      io.stderr(`stored ${to.name}@${await pushSbom(to, subject, content, reference)}\n`);
    },
    seal: (signable, predicateType) => sealImage(image, signable, predicateType, session),
  };
}

const ENDINGS: Readonly<Record<SbomFormat, string>> = { 'cyclonedx-json': '.cdx.json', 'spdx-json': '.spdx.json' };
/** Around the statement: the signature, a certificate, names. */
export const ENVELOPE_BYTES = 4096;
const REKOR_V1_BYTES = 4 * 1024 * 1024;
