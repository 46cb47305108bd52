/** `assay provenance generate`: one statement about all files, or one about each image. */
import { basename } from 'node:path';
import { Artifact, fromHex, identityOf, TrustError, toHex, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import {
  decodeSubjects,
  encodePredicate,
  encodeProvenance,
  MAX_COMMON_SUBJECTS,
  outputNameOf,
  type ProvenanceSubject,
  parseSubjects,
  refuseOtherCertificate,
  requireOutputName,
  requireSubjects,
} from '@assay/slsa/generate';
import { artifactSource } from '../../artifact-source.ts';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { readInput } from '../../read-input.ts';
import { openParty, type Party, type PartyFlags, type PartyOptions, type PartySealing, sealVerified } from '../party.ts';
import type { RegistryFlags } from '../registry-flags.ts';
import { thingOf } from '../thing.ts';
import { type Build, type Builder, type BuildFlags, builderOf, describeBuild, jobToken, verifiedToken } from './build.ts';
import { oldEnvelope, servicesOfOldEnvelope, writtenEnvelope } from './old-envelope.ts';
import { newFile, setOutputs, writeNew } from './output.ts';

export interface GenerateFlags extends PartyFlags, BuildFlags, RegistryFlags {
  readonly subjectsFile?: string;
  /** A file with base64. */
  readonly subjectsFilename?: string;
  readonly subjects?: string;
  readonly format: 'bundle' | 'envelope';
  /** Empty: as if it were not given. */
  readonly bundle?: string;
  readonly predicateOnly?: string;
  readonly attach: 'referrer' | 'att';
  /** False with `--no-store`. */
  readonly store: boolean;
}

/** Returns the exit status. Errors: `PROVENANCE_…`, `USAGE`, `KEY_…`, `TOKEN_…`, `FULCIO_…`, `OCI_…`, `FILE_…`, `SIGNING_INCOMPLETE`. */
export async function runGenerate(things: readonly string[], flags: GenerateFlags, io: Io): Promise<number> {
  const builder = builderOf(flags, io.env);
  const names = things.map(subjectThing);
  const images = names.flatMap(({ kind, name }) => (kind === 'image' ? [name] : []));
  const files = names.flatMap(({ kind, name }) => (kind === 'file' ? [name] : []));
  const isList = [flags.subjects, flags.subjectsFile, flags.subjectsFilename].some((source) => source !== undefined);
  refuseCombinations(flags, { files: files.length > 0 || isList, images: images.length });

  if (flags.predicateOnly !== undefined) await writePredicate(flags.predicateOnly, builder, flags, io);
  else if (images.length > 0) await (await import('./generate-images.ts')).generateForImages(images, builder, flags, io);
  else await generateForFiles(requireSubjects(await subjectsOf(files, flags, io)), builder, flags, io);
  return EXIT.accepted;
}

function subjectThing(argument: string): { readonly kind: 'file' | 'image'; readonly name: string } {
  const { kind, name } = thingOf(argument);
  if (kind === 'layout') throw new TrustError('USAGE', `${name}: images in layouts have no place for provenance`, { hint: 'copy it to a registry' });
  if (kind === 'file' && (name === '-' || /^sha\d+:/.test(name))) {
    throw new TrustError('USAGE', `${name}: what provenance is about has a name`, { hint: 'name a file, or give digests and names with --subjects-file' });
  }
  return { kind, name };
}

function refuseCombinations({ predicateOnly, format, key, bundle, attach }: GenerateFlags, given: { readonly files: boolean; readonly images: number }): void {
  const refuse = (problem: string, hint: string): never => {
    throw new TrustError('USAGE', problem, { hint });
  };
  if (predicateOnly !== undefined && (given.files || given.images > 0))
    refuse('--predicate-only is about no subject yet', 'whoever signs the predicate names it');
  if (given.files && given.images > 0) refuse('files share a bundle, and images have theirs in the registry', 'make them one after the other');
  if (format === 'envelope' && given.images > 0) refuse('--format envelope is a file', 'for images in the older form: --attach att');
  if (format === 'envelope' && key !== undefined) refuse('an old envelope holds a certificate, and --key has none', 'leave out --format, or --key');
  if (bundle && attach === 'att') refuse('--attach att makes no bundle', 'leave out --bundle, or --attach');
  if (bundle && given.images > 1) refuse('--bundle is the evidence of one image', 'make them one after the other');
}

async function subjectsOf(files: readonly string[], { subjects, subjectsFile, subjectsFilename }: GenerateFlags, io: Io): Promise<ProvenanceSubject[]> {
  const text = async (file: string): Promise<string> => new TextDecoder().decode(await readInput(file, io));
  const listed = [
    ...(subjects === undefined ? [] : decodeSubjects(subjects)),
    ...(subjectsFilename === undefined ? [] : decodeSubjects(await text(subjectsFilename))),
    ...(subjectsFile === undefined ? [] : parseSubjects(await readInput(subjectsFile, io))),
  ];
  const hashed: ProvenanceSubject[] = [];
  for (const file of files) {
    const digest = await (await artifactSource(file, io).open(['sha256'], nodeCrypto)).digest('sha256', nodeCrypto);
    if (digest === undefined) throw new TypeError('the sha256 digest was not computed');
    hashed.push({ name: basename(file), digest: { sha256: toHex(digest) } });
  }
  return [...listed, ...hashed];
}

async function writePredicate(name: string, builder: Builder, flags: GenerateFlags, io: Io): Promise<void> {
  const file = newFile(name);
  const { provenance } = await describeBuild(builder, await verifiedToken(builder, flags, io), 'container', flags, io);
  writeNew(file, `${encodePredicate(provenance)}\n`, io);
}

async function generateForFiles(subjects: readonly ProvenanceSubject[], builder: Builder, flags: GenerateFlags, io: Io): Promise<void> {
  const file = newFile(flags.bundle ? requireOutputName(flags.bundle) : outputNameOf(subjects));
  const isOld = flags.format === 'envelope';
  const isCommon = subjects.length <= MAX_COMMON_SUBJECTS;
  if (!isCommon) io.stderr(`warning: ${subjects.length} subjects: Sigstore clients refuse statements with more than ${MAX_COMMON_SUBJECTS}\n`);
  const [first] = isCommon ? subjects : [];
  const artifact = first && Artifact.fromDigests({ sha256: fromHex(first.digest.sha256) });
  await withBuild('generic', builder, flags, io, isOld ? { services: servicesOfOldEnvelope } : {}, async ({ party, build, accept }) => {
    const payload = encodeProvenance(subjects, build.provenance);
    const publication = isOld || !isCommon ? undefined : { bundleFile: { path: file.path, mode: 0o600, overwrite: false } };
    const options: PartySealing = { accept, publication, envelope: isOld ? oldEnvelope : undefined };
    const { sealed, bundle } = await sealVerified({ kind: 'dsse', payload }, artifact, party, { flags, io }, options);
    const content = isOld ? writtenEnvelope(sealed) : utf8(`${bundle}\n`);
    writeNew(file, content, io);
    setOutputs(file, content, io);
  });
}

export interface BuildSession {
  readonly party: Party;
  readonly build: Build;
  /** Refuses a certificate that says something else than the build. */
  readonly accept: NonNullable<PartySealing['accept']>;
}

export async function withBuild(
  of: 'generic' | 'container',
  builder: Builder,
  flags: GenerateFlags,
  io: Io,
  options: PartyOptions,
  work: (session: BuildSession) => Promise<void>,
): Promise<void> {
  const session = await openBuildSession(of, builder, flags, io, options);
  try {
    await work(session);
  } finally {
    session.close();
  }
}

/** To be closed. Rekor v1 where there is one: slsa-verifier demands its promise, and finds older forms there alone (slsa.md section 1.8). */
export async function openBuildSession(
  of: 'generic' | 'container',
  builder: Builder,
  flags: BuildFlags & PartyFlags,
  io: Io,
  options: PartyOptions = {},
): Promise<BuildSession & { readonly close: () => void }> {
  const token: PartyOptions['token'] = builder === 'local' ? undefined : (world) => jobToken(builder, 'sigstore', flags, world);
  const party = await openParty(flags, io, { token, preferredRekor: 1, ...options });
  const close = (): void => party.keyless?.close();
  try {
    // An authority verifies the token before it certifies anything; without one, that is for us.
    const known = party.keyless === undefined ? await verifiedToken(builder, flags, io) : party.keyless.token;
    const build = await describeBuild(builder, known, of, flags, io);
    const { facts } = build;
    return { party, build, accept: ({ leaf }) => facts && refuseOtherCertificate(facts, identityOf(leaf)), close };
  } catch (error) {
    close();
    throw error;
  }
}
