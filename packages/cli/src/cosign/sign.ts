/** `cosign sign` (cosign.md section 1). */

import { writeFileSync } from 'node:fs';
import { Artifact, encodePem, encodeSimpleSigning, fromHex, parseBundle, utf8, verifySignature } from '@assay/core';
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
import { bundleOfSealed, rekorBundleJson, type Sealed, SIGN_PREDICATE_TYPE, seal, signatureStatement, timestampJson } from '@assay/sign';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { readAnnotations } from './annotations.ts';
import { bool, list, text } from './flags.ts';
import { type RegistrySession, withRegistry } from './images.ts';
import { Loader } from './load.ts';
import { recorderOf } from './recorder.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { checkSealed } from './self-check.ts';
import { outputFlag, RECORD_CREATION, SIGN_FLAGS } from './sign-flags.ts';
import { askToRecord, openSigning, refuseKeyAndToken, type Signing, writeBundleFile } from './signing.ts';
import { dockerMediaTypes, recordedCreation, requireForSigning, resolveForSigning, warnAboutTag } from './to-sign.ts';

export const command: Command = {
  usage: 'sign [flags] IMAGE…',
  examples: `  # with a key, without a transparency log
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
  if (digest === undefined) return await wrapped('accessing entity', async () => void (await requireForSigning(named, repository)));
  const targets = flags.bool('recursive')
    ? await everyImage({ reference: named, repository, descriptor, digest })
    : [{ reference: named, repository, descriptor, digest }];
  for (const target of targets) {
    const sign = () => (flags.bool('new-bundle-format') ? signAsBundle(target, shared) : signAsLayer(target, targets.length > 1, shared));
    await wrapped(flags.bool('recursive') ? 'recursively signing: signing digest' : 'signing digest', sign);
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
  await askToRecord(flags, context, signing);
  context.io.stderr('Signing artifact...\n');
  const payload = signatureStatement(hexOf(digest), annotations);
  const sealed = await seal(
    { kind: 'dsse', payload },
    { signer: signing.signer, certificate: signing.certificate, record: recorderOf(signing, flags, context) },
  );
  const bundle = utf8(await bundleOfSealed(sealed));
  await checkSealed(parseBundle(bundle), Artifact.fromDigests({ sha256: fromHex(hexOf(digest)) }), signing, context);
  writeBundleFile(bundle, flags, context);
  if (!flags.bool('upload')) return;
  context.io.stderr(`Pushing signature to: ${repositoryText(reference)}\n`);
  const to = session.side ?? repository;
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
  await askToRecord(flags, shared.context, shared.signing);
  const sealed: Sealed[] = [];
  for (const payload of payloads) sealed.push(await signPayload(payload, target, shared));
  writeOutputs(sealed, isOneOfMany ? `-sha256-${hexOf(digest)}` : '', flags);
}

async function signPayload(payload: Uint8Array, { reference, repository, digest }: Target, { flags, context, session, signing }: Shared): Promise<Sealed> {
  context.io.stderr('Signing artifact...\n');
  const sealed = await seal(
    { kind: 'payload', payload },
    { signer: signing.signer, certificate: signing.certificate, record: recorderOf(signing, flags, context) },
  );
  if (!flags.bool('upload')) return sealed;
  const to = session.side ?? repository;
  context.io.stderr(`Pushing signature to: ${session.side === undefined ? repositoryText(reference) : session.side.repository.repository}\n`);
  const [entry] = sealed.entries;
  const { publicKey, scheme } = signing.signer;
  await appendSignature(to, {
    tag: `${flags.text('attachment-tag-prefix')}${attachmentTag(digest, 'sig')}`,
    payload,
    signature: sealed.content.signature,
    parts: {
      certificate: sealed.certificate && encodePem('CERTIFICATE', sealed.certificate),
      chain: signing.chain,
      rekorBundle: rekorBundleJson(entry),
      timestamp: timestampJson(sealed.timestamps),
    },
    verifies: (signature) => verifySignature(nodeCrypto, publicKey, scheme, payload, signature),
    created: recordedCreation(flags, context),
    dockerMediaTypes: dockerMediaTypes(context),
  });
  return sealed;
}

/** Files of the older format, readable by their owner alone. */
function writeOutputs(sealed: readonly Sealed[], suffix: string, flags: ParsedFlags): void {
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
}

/** Go prints a list so. */
function goList(items: readonly string[]): string {
  return `[${items.join(' ')}]`;
}

const SBOM_DEPRECATION =
  'WARNING: SBOM attachments are deprecated and support will be removed in a Cosign release soon after 2024-02-22 (see https://github.com/sigstore/cosign/issues/2755). Instead, please use SBOM attestations.';
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
