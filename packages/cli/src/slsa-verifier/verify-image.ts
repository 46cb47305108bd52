/**
 * `slsa-verifier verify-image IMAGE@DIGEST`: provenance that lies beside the image in its registry, or in another repository; or what gcloud says of an
 * image that Cloud Build made (slsa.md section 1.9).
 */
import { type Check, quote } from '@assay/core';
import { builderKind, refuse } from '@assay/slsa';
import type { Command, Context } from '../cobra/command.ts';
import { refuseTogether } from '../cobra/exclusive.ts';
import { CommandError, messageOf } from '../cobra/failure.ts';
import { text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import { BUILD_FLAGS, given, inputsOf, PRINT_PROVENANCE, TRUST_FLAGS } from './flags.ts';
import { openSession, passed, printStatement, Refused, told } from './session.ts';

export const command: Command = {
  usage: 'verify-image [flags] image',
  examples: `  # by digest: a tag may name another image tomorrow
  slsa-verifier verify-image ghcr.io/OWNER/APP@sha256:… --source-uri github.com/OWNER/REPOSITORY --source-versioned-tag v1.2

  # provenance in a repository of its own
  slsa-verifier verify-image ghcr.io/OWNER/APP:v1.2.3@sha256:… --provenance-repository ghcr.io/OWNER/signatures \\
    --source-uri github.com/OWNER/REPOSITORY

  # an image that Cloud Build made
  gcloud artifacts docker images describe IMAGE@sha256:… --format json --show-provenance > provenance.json
  slsa-verifier verify-image IMAGE@sha256:… --provenance-path provenance.json --source-uri github.com/OWNER/REPOSITORY \\
    --builder-id https://cloudbuild.googleapis.com/GoogleHostedWorker --gcb-keys keys/`,
  flags: [
    text('provenance-path', 'what gcloud says of the image; for other builders it is read and not used'),
    text('provenance-repository', 'the repository that holds the provenance, REGISTRY/REPOSITORY'),
    ...BUILD_FLAGS,
    PRINT_PROVENANCE,
    ...TRUST_FLAGS,
    text('gcb-keys', 'folder with the public keys of Cloud Build, one NAME.key for each region and the global ones (or ASSAY_GCB_KEYS)'),
    text('registry-mirrors', 'file that says where requests for a registry really go; names stay (or ASSAY_REGISTRY_MIRRORS)'),
  ],
  arity: (count) => (count === 1 ? undefined : 'expects a single path to an image'),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  requireFlags(flags, 'source-uri');
  refuseTogether(flags, 'source-versioned-tag', 'source-tag');
  const inputs = inputsOf(flags);
  const session = openSession(flags, context);
  const { payload } = await told('', session, async () => {
    const image = await parseImage(flags);
    const kind = builderKind(given(flags, 'builder-id'));
    if ('refusal' in kind) throw new Refused(refuse('builder', kind.refusal));
    if (kind.kind === 'GCB') return (await import('./cloud-build-image.ts')).verifyCloudBuildImage(image.digest, session);
    return (await import('./github-image.ts')).verifyGithubImage(image, inputs, session);
  });
  printStatement(payload, 'print-provenance', session);
  passed(session);
}

export type PinnedImage = Awaited<ReturnType<typeof parseImage>>;

/** Only what a digest names stays the same; the tag before it says nothing. */
async function parseImage(flags: ParsedFlags) {
  const [name = ''] = flags.positionals;
  const { parseReference } = await import('@assay/oci');
  let reference: ReturnType<typeof parseReference>;
  try {
    reference = parseReference(name);
  } catch (error) {
    throw new CommandError(`crane.ParseReference(): ${messageOf(error)}`, 1, { cause: error });
  }
  const { digest } = reference;
  if (digest === undefined) throw new Refused(mutable(name));
  return { ...reference, digest };
}

function mutable(name: string): Check {
  return refuse('image', {
    error: 'ErrorMutableImage',
    detail: `'${quote(name)}'`,
    code: 'SLSA_IMAGE_MUTABLE',
    says: 'a tag may name another image tomorrow',
    expected: 'NAME@sha256:HEX',
    found: quote(name),
    spec: 'slsa.md section 1.9',
  });
}
