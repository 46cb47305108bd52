/** `cosign verify` (cosign.md section 1, "verify"). */
import { encodeBase64, encodeSimpleSigning, isTrustError } from '@assay/core';
import { ANNOTATION, attachmentTag, digestOf, type Evidence, findContainingIndex, repositoryText, SIMPLE_SIGNING } from '@assay/oci';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { FlagSpec, ParsedFlags } from '../cobra/pflag.ts';
import { readAnnotations } from './annotations.ts';
import { refuseFlagValues, refuseKeyAndIdentity, warnAboutIgnoredLog } from './demands.ts';
import { bool, CERTIFICATE_FLAGS, COMMON_FLAGS, KEY_FLAGS, list, text } from './flags.ts';
import { type ImageDemand, judgeEvidence, judgeImage, type Outcome } from './image-evidence.ts';
import { type Image, openLocalImage, type RegistrySession, resolveImage, withRegistry } from './images.ts';
import { type Invocation, withInvocation } from './invocation.ts';
import { printHeader, printSignatures, tellPlaces } from './print-image.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { imageSigner } from './verify-blob.ts';

/** Also those of commands that find images to verify elsewhere. */
export const VERIFY_FLAGS: readonly FlagSpec[] = [
  ...KEY_FLAGS,
  ...CERTIFICATE_FLAGS,
  ...COMMON_FLAGS,
  ...REGISTRY_FLAGS,
  list('annotations', 'annotation that must be signed, as key=value; may be repeated', { short: 'a' }),
  { ...bool('check-claims', 'compare what was signed with the image'), default: 'true' },
  { ...text('output', 'what to print: json or text'), short: 'o', default: 'json' },
  text('signature', 'signature: base64, file or URL', { deprecated: 'signatures are automatically fetched from the OCI registry during image verification' }),
  text('payload', 'payload that was signed, file or URL', { deprecated: 'payload will always be verified from the bundle in future versions' }),
  text('attachment', 'what is signed beside the image: sbom', {
    deprecated: 'please use OCI referrers for attachments and verify with `--experimental-oci11`',
  }),
  bool('local-image', 'the arguments are folders made by `cosign save`'),
];

export const command: Command = {
  usage: 'verify [flags] IMAGE…',
  examples: `  # an image signed by a GitHub workflow
  cosign verify --certificate-identity https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.2.3 \\
    --certificate-oidc-issuer https://token.actions.githubusercontent.com ghcr.io/owner/app:1.2.3

  # with a key, and an annotation that must be signed
  cosign verify --key cosign.pub -a stage=prod registry.example/app@sha256:…

  # a folder that cosign save made
  cosign verify --key cosign.pub --local-image ./app`,
  flags: VERIFY_FLAGS,
  arity: atLeast(1),
  refuse: refuseFlagValues,
  run: (flags, context) => verifyImages(flags.positionals, flags, context),
};

/** One after the other; the first that is refused ends it. Throws `CommandError` with cosign's exit statuses. */
export async function verifyImages(images: readonly string[], flags: ParsedFlags, context: Context): Promise<void> {
  warnAboutIgnoredLog(flags, 'signature', context.io.stderr);
  refuseKeyAndIdentity(flags);
  if (flags.number('max-workers') === 0) throw new CommandError('please set the --max-worker flag to a value that is greater than 0');
  const annotations = readAnnotations(flags.list('annotations'));
  await withInvocation(flags, context, async (invocation) => {
    const signer = await imageSigner(flags, invocation.loader);
    await withRegistry(flags, context, async (session) => {
      for (const argument of images) await verifyOne(argument, { session, signer, annotations }, invocation);
    });
  });
}

interface Shared {
  readonly session: RegistrySession;
  readonly signer: ImageDemand['signer'];
  readonly annotations: Readonly<Record<string, string>>;
}

async function verifyOne(argument: string, { session, signer, annotations }: Shared, invocation: Invocation): Promise<void> {
  const { flags, io } = invocation;
  const image = flags.bool('local-image') ? openLocalImage(argument) : await attached(await resolved(argument, session), flags, session);
  const demand: ImageDemand = { image, side: session.side, signer, want: ['signatures'], annotations };
  const given = flags.text('signature') === '' ? undefined : await givenEvidence(image, invocation);
  const outcome = given === undefined ? await judgeImage(demand, invocation) : await judgeEvidence([given], demand, invocation);
  if (outcome.accepted.length === 0) await refuse(outcome, demand, invocation);
  printHeader(image.name, outcome, invocation);
  printSignatures(outcome.accepted, image, flags.text('output'), io);
}

/** `--attachment sbom`: what lies under the tag of the attachment is what was signed. */
async function attached<T extends Awaited<ReturnType<typeof resolveImage>>>(
  image: T,
  flags: ParsedFlags,
  session: RegistrySession,
): Promise<T | Awaited<ReturnType<typeof resolveImage>>> {
  const attachment = flags.text('attachment');
  if (attachment === '') return image;
  if (attachment !== 'sbom') throw new CommandError('flag: help requested');
  const name = session.side?.repository ?? image.reference;
  return resolved(`${repositoryText(name)}:${flags.text('attachment-tag-prefix')}${attachmentTag(image.digest, 'sbom')}`, session);
}

/** An image that answers 404 has an exit status of its own. */
async function resolved(text: string, session: RegistrySession): ReturnType<typeof resolveImage> {
  try {
    return await resolveImage(text, session);
  } catch (error) {
    if (!isTrustError(error) || error.code !== 'OCI_NOT_FOUND') throw error;
    throw new CommandError(`image tag not found: ${error.message}`, IMAGE_NOT_FOUND, { cause: error });
  }
}

/** `--signature` and `--payload`: evidence that lies in no registry. */
async function givenEvidence(image: Image, { flags, loader }: Invocation): Promise<Evidence> {
  const signature = await loader.signature(flags.text('signature'));
  const path = flags.text('payload');
  const implied = () =>
    encodeSimpleSigning({ dockerReference: image.reference === undefined ? image.name : repositoryText(image.reference), digest: image.digest });
  const content = path === '' ? implied() : await loader.bytes(path);
  return { format: 'payload', reference: SIMPLE_SIGNING, content, annotations: { [ANNOTATION.signature]: encodeBase64(signature) }, digest: digestOf(content) };
}

/** Says where was looked and what was wrong with what lay there, and then what cosign says. */
async function refuse(outcome: Outcome, demand: ImageDemand, invocation: Invocation): Promise<never> {
  tellPlaces(outcome, invocation.io);
  const nothing = outcome.refused.length === 0;
  if (nothing) await tellSignedIndex(demand, invocation);
  const messages = outcome.refused.map(({ message }) => message);
  if (outcome.path === 'bundle') throw new CommandError(`no matching attestations: ${messages.join('\n')}`);
  if (nothing) throw unavailable(outcome) ?? new CommandError('no signatures found', NO_SIGNATURES);
  throw new CommandError(`no matching signatures: ${messages.join('\n ')}`, NO_MATCH);
}

/** A place that could not be asked may hold the signature: that is not the same as an unsigned image. */
function unavailable({ answers }: Outcome): CommandError | undefined {
  const problem = answers.find(({ problem: one }) => isTrustError(one))?.problem;
  return problem && new CommandError(problem.message, 1, { cause: problem });
}

/** Whoever pins one platform of a signed index is told what to verify instead (acceptance row 38). */
async function tellSignedIndex(demand: ImageDemand, invocation: Invocation): Promise<void> {
  const { image, side } = demand;
  if (image.reference === undefined) return;
  const index = await findContainingIndex({ image: image.reader, child: image.digest, tag: image.reference.tag, sideRepository: side });
  if (index === undefined) return;
  const name = `${repositoryText(image.reference)}@${index.digest}`;
  const { accepted } = await judgeImage({ ...demand, image: { ...image, digest: index.digest } }, invocation);
  const signed = accepted.length > 0 ? ', which is signed as demanded' : '';
  invocation.io.stderr(`${image.digest} is one platform of the index ${name}${index.tag === undefined ? '' : ` (tag ${index.tag})`}${signed}.\n`);
  if (signed !== '') invocation.io.stderr(`A signature on an index is about the index alone: verify ${name}, and pull by that digest.\n`);
}

const NO_SIGNATURES = 10;
const IMAGE_NOT_FOUND = 11;
const NO_MATCH = 12;
