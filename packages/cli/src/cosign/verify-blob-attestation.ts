/** `cosign verify-blob-attestation` (cosign.md, "verify-blob-attestation"). */

import {
  Artifact,
  type Bundle,
  decodeUtf8,
  failures,
  type LegacyBundle,
  parseDigest,
  parseEnvelope,
  proposedDsse,
  quote,
  type Verification,
} from '@assay/core';
import { atMost, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { refuseContradictions, refuseFlagValues, warnAboutIgnoredLog } from './demands.ts';
import { looseCertificate, readBundleFile, refuseBundleFlags, refuseLooseFlags } from './evidence.ts';
import { VERIFY_BLOB_ATTESTATION_FLAGS } from './flags.ts';
import { type Invocation, invoke } from './invocation.ts';
import { verifyLoose } from './loose.ts';
import { predicateTypeUri } from './predicate-types.ts';
import { verifySigstoreBundle } from './sigstore-bundle.ts';
import { bundleTrust, looseTrust } from './trust.ts';
import { type NamedSigner, openBlob, signerOf } from './verify-blob.ts';

export const command: Command = {
  usage: 'verify-blob-attestation [flags] [BLOB]',
  examples: `  # a Sigstore bundle with an attestation
  cosign verify-blob-attestation --bundle artifact.sigstore.json --type slsaprovenance1 --certificate-identity NAME --certificate-oidc-issuer URL artifact

  # by digest
  cosign verify-blob-attestation --bundle artifact.sigstore.json --key cosign.pub --digest HEX --digestAlg sha256`,
  flags: VERIFY_BLOB_ATTESTATION_FLAGS,
  arity: atMost(1),
  refuse: refuseFlagValues,
  run,
};

const TOO_MANY = 'exactly one of: key reference (--key), or hardware token (--sk) must be provided';

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [blob] = flags.positionals;
  const byDigest = flags.text('digest') !== '' && flags.text('digestAlg') !== '';
  if (flags.bool('check-claims') && blob === undefined && !byDigest) {
    throw new CommandError('must provide path to blob or digest and digestAlg; run `cosign verify-blob-attestation -h` for more help');
  }
  warnAboutIgnoredLog(flags, 'blob attestation', context.io.stderr);
  if (flags.text('signature') === '' && flags.text('bundle') === '') {
    throw new CommandError('please specify path to the DSSE envelope signature via --signature or --bundle');
  }
  refuseContradictions(flags, ['key', 'sk'], TOO_MANY);
  await invoke(flags, context, async (invocation) => {
    const named = await signerOf(flags, invocation.loader);
    const file = readBundleFile(flags);
    const artifact = await subjectOf(file?.form === 'sigstore' ? file.bundle : undefined, named, invocation);
    if (file?.form === 'sigstore') await verifyBundledEnvelope(file.bundle, artifact, named, invocation);
    else await verifyLooseEnvelope(file?.bundle, artifact, named, invocation);
  });
}

/** What the subjects are compared with; undefined under `--check-claims=false`. */
async function subjectOf(bundle: Bundle | undefined, { signer }: NamedSigner, invocation: Invocation): Promise<Artifact | undefined> {
  const { flags, io } = invocation;
  const [blob] = flags.positionals;
  if (!flags.bool('check-claims')) return undefined;
  const algorithm = flags.text('digestAlg');
  if (algorithm !== '' && !['sha256', 'sha384', 'sha512'].includes(algorithm)) {
    throw new CommandError(`unsupported --digestAlg ${JSON.stringify(algorithm)}; supported values are sha256, sha384, sha512`);
  }
  const digest = flags.text('digest');
  if (blob === undefined) {
    const parsed = parseDigest(`${algorithm}:${digest}`);
    if (parsed === undefined) throw new CommandError('unable to decode provided digest: not hex');
    return Artifact.fromDigests({ [parsed.algorithm]: parsed.value });
  }
  if (digest !== '') io.stderr('WARNING: Ignoring provided --digest in favor of provided blob\n');
  return openBlob(blob, bundle, signer, invocation);
}

async function verifyBundledEnvelope(bundle: Bundle, artifact: Artifact | undefined, { signer }: NamedSigner, invocation: Invocation): Promise<void> {
  const { flags } = invocation;
  const trustedRoot = await bundleTrust(invocation);
  refuseLooseFlags(flags, 'signature');
  if (bundle.content.kind !== 'dsse') throw new CommandError('bundle does not contain a DSSE envelope');
  checkType(await verifySigstoreBundle({ bundle, artifact, signer, trustedRoot }, invocation), flags);
}

async function verifyLooseEnvelope(
  legacy: LegacyBundle | undefined,
  artifact: Artifact | undefined,
  named: NamedSigner,
  invocation: Invocation,
): Promise<void> {
  const { flags, loader } = invocation;
  refuseBundleFlags(flags);
  const trustedRoot = await looseTrust(invocation);
  const certificate = looseCertificate(named, legacy);
  const path = flags.text('signature');
  const stored = legacy?.signature ?? (await wrapped(`reading ${path}`, () => loader.bytes(path)));
  const content = parseEnvelope(stored);
  try {
    const verification = await verifyLoose(
      {
        content,
        certificate,
        key: named.key,
        entry: legacy?.entry,
        artifact,
        signer: named.signer,
        proposed: async (pem) => proposedDsse(decodeUtf8(stored) ?? '', pem),
      },
      trustedRoot,
      invocation,
    );
    checkType(verification, flags);
  } catch (error) {
    throw noSubject(error) ? new CommandError('no matching subject digest found', 1, { cause: error }) : error;
  }
}

/** Only when nothing but the subject differs: any other failure says more. */
function noSubject(error: unknown): boolean {
  const verification = error instanceof CommandError ? (error.cause as Verification | undefined) : undefined;
  const [first, ...others] = verification?.root === undefined ? [] : failures(verification.root);
  return first?.code === 'ARTIFACT_MISMATCH_SUBJECT' && others.length === 0;
}

function checkType({ verified }: Verification, flags: ParsedFlags): void {
  const type = flags.text('type');
  const expected = predicateTypeUri(type);
  const found = verified?.statement?.predicateType ?? '';
  if (found !== expected) throw new CommandError(`invalid predicate type, expected ${type} got ${quote(found)}`);
}
