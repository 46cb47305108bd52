/** `cosign sign` (cosign.md section 1). */

import { writeFileSync } from 'node:fs';
import { Artifact, encodePem, encodeSimpleSigning, fromHex, utf8, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import {
  appendSignature,
  attachBundle,
  attachmentTag,
  type Descriptor,
  type Digest,
  hexOf,
  type ImageReference,
  parseReference,
  type RepositoryClient,
  repositoryText,
} from '@assay/oci';
import { rekorBundleJson, type Sealed, SIGN_PREDICATE_TYPE, signatureStatement, timestampJson } from '@assay/sign';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { readAnnotations } from './annotations.ts';
import { bool, list, text } from './flags.ts';
import { type RegistrySession, withRegistry } from './images.ts';
import { Loader } from './load.ts';
import { plainHttpOf, REGISTRY_FLAGS } from './registry-flags.ts';
import { type Made, sealChecked } from './seal.ts';
import { outputFlag, RECORD_CREATION, SIGN_FLAGS } from './sign-flags.ts';
import { askToRecord, bundleFileOf, openSigning, refuseKeyAndToken, type Signing, type SigningParty, writeBundleFile } from './signing.ts';
import { dockerMediaTypes, recordedCreation, requireForSigning, resolveForSigning, warnAboutTag } from './to-sign.ts';

export const command: Command = {
  usage: 'sign [flags] IMAGE…',
  examples: `  # as whoever a login, or the CI job, says you are
  cosign sign registry.example/app@sha256:…

  # with a key, without a transparency log
  cosign sign --key cosign.key --use-signing-config=false --tlog-upload=false registry.example/app@sha256:…

  # with annotations that verify -a asks for
  cosign sign --key cosign.key -a stage=prod -a imageRef=refs/tags/v1.2.3 registry.example/app@sha256:…

  # an index and every image in it
  cosign sign --key cosign.key --recursive registry.example/app@sha256:…

  # in the older storage format
  cosign sign --key cosign.key --new-bundle-format=false --use-signing-config=false --tlog-upload=false registry.example/app@sha256:…`,
  flags: [
    ...SIGN_FLAGS,
    ...REGISTRY_FLAGS,
    list('annotations', 'annotation to sign, as key=value; may be repeated', { short: 'a' }),
    bool('recursive', 'sign every image of an index too', { short: 'r' }),
    { ...bool('upload', 'store the signature in the registry'), default: 'true' },
    outputFlag('signature'),
    outputFlag('payload'),
    outputFlag('certificate'),
    text('payload', 'payload to sign instead of one that is made', { deprecated: 'payload will always be generated in future versions' }),
    text('attachment', 'what to sign beside the image: sbom', { deprecated: 'please use OCI referrers' }),
    list('sign-container-identity', 'name to state instead of the repository', { deprecated: 'not possible when OCI referrers become the default behavior' }),
    RECORD_CREATION,
    text('registry-referrers-mode', 'how signatures are stored: legacy or oci-1-1', { hidden: true }),
  ],
  arity: atLeast(1),
  refuse(flags) {
    if (flags.bool('new-bundle-format') && !flags.bool('upload') && flags.text('bundle') === '') {
      throw new CommandError('must enable upload to the OCI registry or specify a local --bundle path with --new-bundle-format');
    }
  },
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  refuseAttachment(flags, context);
  const loader = new Loader(context);
  try {
    refuseKeyAndToken(flags);
    const annotations = readAnnotations(flags.list('annotations'));
    const signing = await openSigning(flags, context, loader, ['output-signature', 'output-certificate', 'output-payload']);
    await wrapped(`signing ${goList(flags.positionals)}`, () =>
      withRegistry(flags, context, async (session) => {
        for (const argument of flags.positionals) await signArgument(argument, { flags, context, session, signing, annotations });
      }),
    );
  } finally {
    loader.close();
  }
}

function refuseAttachment(flags: ParsedFlags, { io }: Context): void {
  const attachment = flags.text('attachment');
  if (attachment !== '' && attachment !== 'sbom') throw new CommandError(`specified image attachment ${attachment} not specified. Can be 'sbom'`);
  if (attachment === 'sbom') io.stderr(`${SBOM_DEPRECATION}\n`);
}

interface Shared {
  readonly flags: ParsedFlags;
  readonly context: Context;
  readonly session: RegistrySession;
  readonly signing: Signing;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Target {
  readonly reference: ImageReference;
  readonly repository: RepositoryClient;
  /** Undefined when the registry does not have it: only the older format can sign that. */
  readonly descriptor: Descriptor | undefined;
  readonly digest: Digest;
}

async function signArgument(argument: string, shared: Shared): Promise<void> {
  const { flags, context, session } = shared;
  const reference = await wrapped('parsing reference', () => parseReference(argument));
  if (reference.digest === undefined) warnAboutTag(argument, context.io);
  const named = flags.text('attachment') === '' ? reference : await attachmentOf(reference, shared);
  const repository = session.access.registries.repository(named);
  const descriptor = await resolveForSigning(named, repository);
  const digest = descriptor?.digest ?? named.digest;
  if (digest === undefined)
    return await wrapped('accessing entity: entity not found in registry, error', async () => void (await requireForSigning(named, repository)));
  const targets = flags.bool('recursive')
    ? await everyImage({ reference: named, repository, descriptor, digest })
    : [{ reference: named, repository, descriptor, digest }];
  for (const target of targets) {
    const sign = () => (flags.bool('new-bundle-format') ? signAsBundle(target, shared) : signAsLayer(target, targets.length > 1, shared));
    // A tag is walked to its one image, and told so.
    await wrapped(flags.bool('recursive') || named.digest === undefined ? 'recursively signing: signing digest' : 'signing digest', sign);
  }
}

async function attachmentOf(reference: ImageReference, { session, flags }: Shared): Promise<ImageReference> {
  const image = await resolveForSigning(reference, session.access.registries.repository(reference));
  if (image === undefined) throw new CommandError(`unable to resolve attachment sbom for image ${repositoryText(reference)}`);
  const name = session.side?.repository ?? reference;
  return parseReference(`${repositoryText(name)}:${flags.text('attachment-tag-prefix')}${attachmentTag(image.digest, 'sbom')}`);
}

/** The index, then the images in it. */
async function everyImage(target: Target): Promise<Target[]> {
  const stored = await target.repository.requireManifest(target.digest);
  if (stored.manifest.kind !== 'index') return [target];
  const children = await Promise.all(stored.manifest.manifests.map((descriptor) => everyImage({ ...target, descriptor, digest: descriptor.digest })));
  return [target, ...children.flat()];
}

/** cosign 3's format: a bundle that refers to the image. */
async function signAsBundle({ reference, repository, descriptor, digest }: Target, { flags, context, session, signing, annotations }: Shared): Promise<void> {
  const subject = descriptor ?? (await wrapped('accessing image', () => requireForSigning(reference, repository)));
  await wrapped('should upload to tlog', () => askToRecord(flags, context, signing));
  const payload = signatureStatement(hexOf(digest), annotations);
  const to = session.side ?? repository;
  const image = { repository: to.name, subject, predicateType: SIGN_PREDICATE_TYPE, plainHttp: plainHttpOf(flags) };
  const made = await sealChecked({ kind: 'dsse', payload }, await signing.party(), {
    flags,
    context,
    signing,
    artifact: Artifact.fromDigests({ sha256: fromHex(hexOf(digest)) }),
    publication: { bundleFile: bundleFileOf(flags), image: flags.bool('upload') ? image : undefined },
  });
  const bundle = utf8(made.bundle);
  writeBundleFile(bundle, flags, context);
  if (!flags.bool('upload')) return;
  context.io.stderr(`Pushing signature to: ${repositoryText(reference)}\n`);
  await attachBundle(to, { subject, bundle, content: 'dsse-envelope', predicateType: SIGN_PREDICATE_TYPE, created: context.io.now });
}

/** cosign 2's format: a payload that names the image, as a layer under a tag. */
async function signAsLayer(target: Target, isOneOfMany: boolean, shared: Shared): Promise<void> {
  const { reference, digest } = target;
  const { flags, annotations } = shared;
  const given = flags.text('payload');
  const names = flags.list('sign-container-identity');
  if (given !== '') shared.context.io.stderr(`Using payload from: ${given}\n`);
  const payloads =
    given !== ''
      ? [await wrapped('payload from file', () => readFileCapped(given, MAX_PAYLOAD_BYTES))]
      : (names.length > 0 ? names : [repositoryText(reference)]).map((dockerReference) => encodeSimpleSigning({ dockerReference, digest, annotations }));
  await wrapped('should upload to tlog', () => askToRecord(flags, shared.context, shared.signing));
  const party = await shared.signing.party();
  const made: Made[] = [];
  for (const payload of payloads) made.push(await makeLayer(payload, target, party, shared));
  writeOutputs(
    made.map(({ sealed }) => sealed),
    isOneOfMany ? `-sha256-${hexOf(digest)}` : '',
    flags,
    shared.context,
  );
  if (flags.bool('upload')) for (const layer of made) await pushLayer(layer, target, party, shared);
}

function makeLayer(payload: Uint8Array, { digest }: Target, party: SigningParty, { flags, context, signing }: Shared): Promise<Made> {
  // A payload that was given says whatever it says.
  const artifact = flags.text('payload') === '' ? Artifact.fromDigests({ sha256: fromHex(hexOf(digest)) }) : undefined;
  return sealChecked({ kind: 'payload', payload }, party, { flags, context, signing, artifact });
}

async function pushLayer({ sealed, chain }: Made, { reference, repository, digest }: Target, { signer }: SigningParty, shared: Shared): Promise<void> {
  const { flags, context, session } = shared;
  if (sealed.content.kind !== 'payload') throw new TypeError('a layer holds a payload');
  const { payload, signature } = sealed.content;
  const to = session.side ?? repository;
  context.io.stderr(`Pushing signature to: ${session.side === undefined ? repositoryText(reference) : session.side.repository.repository}\n`);
  const [entry] = sealed.entries;
  const { publicKey, scheme } = signer;
  await appendSignature(to, {
    tag: `${flags.text('attachment-tag-prefix')}${attachmentTag(digest, 'sig')}`,
    payload,
    signature,
    parts: {
      certificate: sealed.certificate && encodePem('CERTIFICATE', sealed.certificate),
      chain,
      rekorBundle: rekorBundleJson(entry),
      timestamp: timestampJson(sealed.timestamps),
    },
    verifies: (other) => verifySignature(nodeCrypto, publicKey, scheme, payload, other),
    created: recordedCreation(flags, context),
    dockerMediaTypes: dockerMediaTypes(context),
  });
}

/** Files of the older format, readable by their owner alone. */
function writeOutputs(sealed: readonly Sealed[], suffix: string, flags: ParsedFlags, { io }: Context): void {
  const write = (flag: string, content: string | Uint8Array | undefined): void => {
    const file = flags.text(flag);
    if (file !== '' && content !== undefined) writeFileSync(`${file}${suffix}`, content, { mode: 0o600 });
  };
  const [first] = sealed;
  write('output-signature', sealed.map(({ content }) => Buffer.from(content.signature).toString('base64')).join('\n'));
  write('output-payload', first?.content.kind === 'payload' ? first.content.payload : undefined);
  write(
    'output-certificate',
    first && (first.certificate === undefined ? encodePem('PUBLIC KEY', first.publicKey.spki) : encodePem('CERTIFICATE', first.certificate)),
  );
  const certificate = flags.text('output-certificate');
  if (certificate !== '') io.stderr(`Certificate wrote in the file ${certificate}\n`);
}

/** Go prints a list so. */
function goList(items: readonly string[]): string {
  return `[${items.join(' ')}]`;
}

const SBOM_DEPRECATION =
  'WARNING: SBOM attachments are deprecated and support will be removed in a Cosign release soon after 2024-02-22 (see https://github.com/sigstore/cosign/issues/2755). Instead, please use SBOM attestations.';
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
