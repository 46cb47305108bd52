/** `assay sign` and `assay attest`: a bundle beside a file, or in the registry of an image. */
import { basename } from 'node:path';
import { Artifact, fromHex, type HashName, TrustError, toHex, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { attachBundle, type Descriptor, hexOf, parseReference, parseRepository, type RepositoryClient, repositoryText, targetOf } from '@assay/oci';
import { encodeStatement, predicateTypeOf, readPredicate, SIGN_PREDICATE_TYPE, type Signable, signatureStatement } from '@assay/sign';
import { artifactSource } from '../artifact-source.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { readInput } from '../read-input.ts';
import type { RegistryAccess } from '../registry-access.ts';
import { bundleFileOf, refuseOverwriting, writeBundle } from './bundle-file.ts';
import { openParty, type Party, type PartyFlags, sealVerified } from './party.ts';
import { openAccess, plainHttpOf, type RegistryFlags, sideRepositoryOf } from './registry-flags.ts';
import { thingOf } from './thing.ts';

export interface CommonFlags extends PartyFlags, RegistryFlags {
  readonly bundle?: string;
  /** False with `--no-store`. */
  readonly store: boolean;
  readonly force?: boolean;
}

export interface SignFlags extends CommonFlags {
  readonly resume?: string;
  readonly annotation?: Readonly<Record<string, string>>;
  readonly recursive?: boolean;
}

export interface AttestFlags extends CommonFlags {
  readonly type: string;
  readonly predicate: string;
}

/** Returns the exit status. Errors: `KEY_…`, `TOKEN_…`, `FULCIO_…`, `OCI_…`, `FILE_…`, `USAGE`, `SIGNING_INCOMPLETE`, those of `runResume`. */
export async function runSign(things: readonly string[], flags: SignFlags, io: Io): Promise<number> {
  if (flags.resume !== undefined) {
    if (things.length > 0) throw new TrustError('USAGE', '--resume completes what its file names, and signs nothing else', { hint: 'give no other argument' });
    const { runResume } = await import('./resume.ts');
    return runResume(flags.resume, flags, io);
  }
  return withSession(things, flags, io, async (thing, session) => {
    if (thing.kind === 'file') return signFile(thing.name, session);
    for (const image of await imagesOf(thing.name, flags.recursive === true, session)) {
      const payload = signatureStatement(hexOf(image.subject.digest), flags.annotation ?? {});
      await sealImage(image, { kind: 'dsse', payload }, SIGN_PREDICATE_TYPE, session);
    }
  });
}

/** As `runSign`; `PREDICATE_PARSE`. */
export async function runAttest(things: readonly string[], flags: AttestFlags, io: Io): Promise<number> {
  const predicateType = predicateTypeOf(flags.type);
  const predicate = readPredicate(await readInput(flags.predicate, io), flags.type, io.now);
  const statement = (name: string, sha256: string): Signable => ({
    kind: 'dsse',
    payload: encodeStatement({ name, sha256, predicateType, predicate, version: 'v1' }),
  });
  return withSession(things, flags, io, async (thing, session) => {
    if (thing.kind === 'file') {
      const artifact = await artifactSource(thing.name, io).open(['sha256'], nodeCrypto);
      const digest = await digestOf(artifact, 'sha256');
      return sealFile(thing.name, artifact, statement(basename(thing.name), toHex(digest)), session);
    }
    for (const image of await imagesOf(thing.name, false, session)) {
      await sealImage(image, statement(repositoryText(image.reader.repository), hexOf(image.subject.digest)), predicateType, session);
    }
  });
}

export interface Session {
  readonly flags: CommonFlags;
  readonly io: Io;
  readonly party: Party;
  readonly access: RegistryAccess;
}

export interface NamedThing {
  readonly kind: 'file' | 'image';
  readonly name: string;
}

/** Opens what signing needs, once, and closes it again. Returns the exit status. */
export async function withSession(
  things: readonly string[],
  flags: CommonFlags,
  io: Io,
  work: (thing: NamedThing, session: Session) => Promise<void>,
): Promise<number> {
  if (things.length === 0) throw new TrustError('USAGE', 'nothing to sign is named', { hint: 'name a file or an image' });
  const targets = things.map(signable);
  if (flags.bundle !== undefined && things.length > 1) throw new TrustError('USAGE', '--bundle is the evidence of one thing', { hint: 'sign one at a time' });
  const party = await openParty(flags, io);
  const access = openAccess(flags, io);
  try {
    for (const thing of targets) await work(thing, { flags, io, party, access });
    return EXIT.accepted;
  } finally {
    access.close();
    party.keyless?.close();
  }
}

function signable(argument: string): NamedThing {
  const { kind, name } = thingOf(argument);
  if (kind === 'layout')
    throw new TrustError('USAGE', `${name}: images in layouts are not signed in place`, { hint: 'copy it to a registry and sign it there' });
  return { kind, name };
}

async function signFile(path: string, session: Session): Promise<void> {
  const { artifact, signable, party } = await signableFile(path, session);
  await sealFile(path, artifact, signable, { ...session, party });
}

/** A file as what is signed, and who signs such. Errors: `FILE_…`. */
export async function signableFile(path: string, session: Pick<Session, 'party' | 'io'>): Promise<{ artifact: Artifact; signable: Signable; party: Party }> {
  const party = withPrehash(session.party);
  const hash = party.keyless === undefined ? party.signer.hash : party.keyless.signer.signer.hash;
  const artifact = await artifactSource(path, session.io).open([...new Set<HashName>(['sha256', hash ?? 'sha512'])], nodeCrypto);
  return { artifact, signable: { kind: 'message', digest: (name) => digestOf(artifact, name), bytes: artifact.bytes }, party };
}

/** A log takes Ed25519 in its pre-hashed form alone. */
function withPrehash(party: Party): Party {
  if (party.keyless !== undefined || party.record === undefined || party.signer.publicKey.type !== 'ed25519') return party;
  return { ...party, signer: party.signer.withScheme({ name: 'ed25519ph' }) };
}

export async function digestOf(artifact: Artifact, hash: HashName): Promise<Uint8Array> {
  const digest = await artifact.digest(hash, nodeCrypto);
  if (digest === undefined) throw new TypeError(`the ${hash} digest was not computed`);
  return digest;
}

export async function sealFile(path: string, artifact: Artifact, signable: Signable, session: Session): Promise<void> {
  const { flags, io, party } = session;
  if (path === '-' && flags.bundle === undefined) throw new TrustError('USAGE', 'standard input has no place beside it', { hint: 'add --bundle FILE' });
  const file = flags.bundle ?? `${path}.sigstore.json`;
  refuseOverwriting(file, flags);
  const bundleFile = bundleFileOf(file, flags);
  const { bundle } = await sealVerified(signable, artifact, party, session, { publication: { bundleFile } });
  writeBundle(bundleFile, bundle, io);
}

export interface ImageToSign {
  readonly reader: RepositoryClient;
  readonly subject: Descriptor;
}

export async function imagesOf(name: string, recursive: boolean, { access }: Session): Promise<ImageToSign[]> {
  const reference = parseReference(name);
  const reader = access.registries.repository(reference);
  const stored = await reader.requireManifest(targetOf(reference));
  const children = recursive && stored.manifest.kind === 'index' ? stored.manifest.manifests : [];
  return [stored.descriptor, ...children].map((subject) => ({ reader, subject }));
}

/** Signs, verifies, and stores it in the registry. */
export async function sealImage({ reader, subject }: ImageToSign, signable: Signable, predicateType: string, session: Session): Promise<void> {
  const { flags, io, party, access } = session;
  if (flags.bundle !== undefined) refuseOverwriting(flags.bundle, flags);
  const side = sideRepositoryOf(flags, io);
  const to = side ? access.registries.repository(parseRepository(side)) : reader;
  const image = flags.store ? { repository: to.name, subject, predicateType, plainHttp: plainHttpOf(flags) } : undefined;
  const bundleFile = flags.bundle === undefined ? undefined : bundleFileOf(flags.bundle, flags);
  const artifact = Artifact.fromDigests({ sha256: fromHex(hexOf(subject.digest)) });
  const { bundle } = await sealVerified(signable, artifact, party, session, { publication: { bundleFile, image } });
  if (bundleFile !== undefined) writeBundle(bundleFile, bundle, io);
  if (!flags.store) return;
  const digest = await attachBundle(to, { subject, bundle: utf8(bundle), content: 'dsse-envelope', predicateType, created: io.now });
  io.stdout(`${reader.name}@${subject.digest}\n`);
  io.stderr(`stored ${to.name}@${digest}\n`);
}
