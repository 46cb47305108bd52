/** `assay sign` and `assay attest`: a bundle beside a file, or in the registry of an image. */
import { existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Artifact, failures, fromHex, type HashName, parseBundle, TrustError, toHex, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { attachBundle, type Descriptor, hexOf, parseReference, parseRepository, type RepositoryClient, repositoryText, targetOf } from '@assay/oci';
import {
  bundleOfSealed,
  encodeStatement,
  loadSigner,
  predicateTypeOf,
  type Record as Recorder,
  readPredicate,
  SIGN_PREDICATE_TYPE,
  type Signable,
  type Signer,
  seal,
  signatureStatement,
} from '@assay/sign';
import { parseSigningConfig } from '@assay/trust';
import { artifactSource } from '../artifact-source.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { withKeyContext } from '../key-context.ts';
import { named } from '../named.ts';
import { readInput } from '../read-input.ts';
import { chooseServices, recorderFor } from '../recording.ts';
import { openRegistryAccess, type RegistryAccess } from '../registry-access.ts';
import { loadRoot } from '../trusted-root.ts';
import { verifyFresh } from '../verify-fresh.ts';
import { thingOf } from './thing.ts';

interface CommonFlags {
  readonly key: string;
  readonly bundle?: string;
  /** False with `--no-store`. */
  readonly store: boolean;
  readonly signingConfig?: string;
  readonly trustedRoot?: string;
  readonly sideRepository?: string;
  readonly registryMirrors?: string;
  readonly plainHttp?: boolean;
  readonly force?: boolean;
}

export interface SignFlags extends CommonFlags {
  readonly annotation?: Readonly<Record<string, string>>;
  readonly recursive?: boolean;
}

export interface AttestFlags extends CommonFlags {
  readonly type: string;
  readonly predicate: string;
}

/** Returns the exit status. Errors: `KEY_…`, `OCI_…`, `FILE_…`, `USAGE`, `SIGNING_INCOMPLETE`. */
export async function runSign(things: readonly string[], flags: SignFlags, io: Io): Promise<number> {
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

interface Session {
  readonly flags: CommonFlags;
  readonly io: Io;
  readonly signer: Signer;
  readonly record: Recorder | undefined;
  readonly access: RegistryAccess;
}

interface NamedThing {
  readonly kind: 'file' | 'image';
  readonly name: string;
}

async function withSession(
  things: readonly string[],
  flags: CommonFlags,
  io: Io,
  work: (thing: NamedThing, session: Session) => Promise<void>,
): Promise<number> {
  const targets = things.map(signable);
  if (flags.bundle !== undefined && things.length > 1) throw new TrustError('USAGE', '--bundle is the evidence of one thing', { hint: 'sign one at a time' });
  const signer = await withKeyContext({ io, userAgent: 'assay' }, (keys) => loadSigner(flags.key, keys));
  const access = openRegistryAccess(io, { userAgent: 'assay', plainHttp: flags.plainHttp === true ? 'always' : 'never', mirrorsFile: flags.registryMirrors });
  try {
    const session: Session = { flags, io, signer, record: recorder(flags, io), access };
    if (session.record === undefined) io.stderr('not recorded in a transparency log: no --signing-config names one; verify with --log-threshold 0\n');
    for (const thing of targets) await work(thing, session);
    return EXIT.accepted;
  } finally {
    access.close();
  }
}

function signable(argument: string): NamedThing {
  const { kind, name } = thingOf(argument);
  if (kind === 'layout')
    throw new TrustError('USAGE', `${name}: images in layouts are not signed in place`, { hint: 'copy it to a registry and sign it there' });
  return { kind, name };
}

/** Undefined when no service is named. */
function recorder({ signingConfig }: CommonFlags, io: Io): Recorder | undefined {
  if (signingConfig === undefined) return undefined;
  const config = named(signingConfig, () => parseSigningConfig(readFileCapped(signingConfig, MAX_CONFIG_BYTES)));
  return recorderFor(chooseServices(config, io.now), { io, userAgent: 'assay' });
}

async function signFile(path: string, session: Session): Promise<void> {
  const signer =
    session.record !== undefined && session.signer.publicKey.type === 'ed25519' ? session.signer.withScheme({ name: 'ed25519ph' }) : session.signer;
  const artifact = await artifactSource(path, session.io).open([...new Set<HashName>(['sha256', signer.hash ?? 'sha512'])], nodeCrypto);
  await sealFile(path, artifact, { kind: 'message', digest: (hash) => digestOf(artifact, hash), bytes: artifact.bytes }, { ...session, signer });
}

async function digestOf(artifact: Artifact, hash: HashName): Promise<Uint8Array> {
  const digest = await artifact.digest(hash, nodeCrypto);
  if (digest === undefined) throw new TypeError(`the ${hash} digest was not computed`);
  return digest;
}

async function sealFile(path: string, artifact: Artifact, signable: Signable, session: Session): Promise<void> {
  const { flags, io } = session;
  if (path === '-' && flags.bundle === undefined) throw new TrustError('USAGE', 'standard input has no place beside it', { hint: 'add --bundle FILE' });
  const file = flags.bundle ?? `${path}.sigstore.json`;
  refuseOverwriting(file, flags);
  const bundle = await sealed(signable, artifact, session);
  writeBundle(file, bundle, io);
}

interface ImageToSign {
  readonly reader: RepositoryClient;
  readonly subject: Descriptor;
}

async function imagesOf(name: string, recursive: boolean, { access }: Session): Promise<ImageToSign[]> {
  const reference = parseReference(name);
  const reader = access.registries.repository(reference);
  const stored = await reader.requireManifest(targetOf(reference));
  const children = recursive && stored.manifest.kind === 'index' ? stored.manifest.manifests : [];
  return [stored.descriptor, ...children].map((subject) => ({ reader, subject }));
}

async function sealImage({ reader, subject }: ImageToSign, signable: Signable, predicateType: string, session: Session): Promise<void> {
  const { flags, io, access } = session;
  if (flags.bundle !== undefined) refuseOverwriting(flags.bundle, flags);
  const bundle = await sealed(signable, Artifact.fromDigests({ sha256: fromHex(hexOf(subject.digest)) }), session);
  if (flags.bundle !== undefined) writeBundle(flags.bundle, bundle, io);
  if (!flags.store) return;
  const side = flags.sideRepository ?? io.env['COSIGN_REPOSITORY'];
  const to = side ? access.registries.repository(parseRepository(side)) : reader;
  const digest = await attachBundle(to, { subject, bundle: utf8(bundle), content: 'dsse-envelope', predicateType, created: io.now });
  io.stdout(`${reader.name}@${subject.digest}\n`);
  io.stderr(`stored ${to.name}@${digest}\n`);
}

/** The bundle, after our own verification has accepted it: what nobody could verify is neither written nor stored. */
async function sealed(signable: Signable, artifact: Artifact, { signer, record, flags, io }: Session): Promise<string> {
  const result = await seal(signable, { signer, record });
  const text = await bundleOfSealed(result);
  const root = flags.trustedRoot === undefined ? undefined : (await loadRoot({ trustedRoot: flags.trustedRoot }, io)).root;
  const verification = await verifyFresh(parseBundle(utf8(text)), artifact, signer, root, io.now);
  if (verification.ok) return text;
  const [first] = failures(verification.root);
  throw new TrustError(first?.code ?? 'SIGNATURE_INVALID', `the fresh signature does not verify: ${first?.says ?? ''}`);
}

function refuseOverwriting(file: string, { force }: CommonFlags): void {
  if (force === true || !existsSync(file)) return;
  throw new TrustError('USAGE', `${file}: is there already`, { hint: 'overwrite it with --force, or write elsewhere with --bundle FILE' });
}

function writeBundle(file: string, bundle: string, io: Io): void {
  writeFileSync(file, `${bundle}\n`, { mode: 0o644 });
  io.stderr(`wrote ${file}\n`);
}

const MAX_CONFIG_BYTES = 1024 * 1024;
