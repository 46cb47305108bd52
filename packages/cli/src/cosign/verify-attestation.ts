/** `cosign verify-attestation` (cosign.md section 1). */
import { encodeBase64, encodeGoJson, quote } from '@assay/core';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { splitCsv } from './annotations.ts';
import { AttestationPolicies } from './attestation-policies.ts';
import { refuseFlagValues, refuseKeyAndIdentity, warnAboutIgnoredLog } from './demands.ts';
import { bool, CERTIFICATE_FLAGS, COMMON_FLAGS, KEY_FLAGS, list, text } from './flags.ts';
import { type Accepted, type ImageDemand, judgeImage, type Outcome, pathOf } from './image-evidence.ts';
import { openLocalImage, type RegistrySession, resolveImage, withRegistry } from './images.ts';
import { type Invocation, withInvocation } from './invocation.ts';
import { predicateTypeUri } from './predicate-types.ts';
import { printHeader, tellCertificate, tellPlaces } from './print-image.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { imageSigner } from './verify-blob.ts';

export const command: Command = {
  usage: 'verify-attestation [flags] IMAGE…',
  examples: `  # the SBOM of an image, as one line of JSON
  cosign verify-attestation --type cyclonedx --certificate-identity NAME --certificate-oidc-issuer URL ghcr.io/owner/app:1.2.3 \\
    | jq -r '.payload | @base64d | fromjson | .predicate'

  # with a key
  cosign verify-attestation --type slsaprovenance1 --key cosign.pub registry.example/app@sha256:…`,
  flags: [
    ...KEY_FLAGS,
    ...CERTIFICATE_FLAGS,
    ...COMMON_FLAGS,
    ...REGISTRY_FLAGS,
    {
      ...text('type', 'predicate type: slsaprovenance, slsaprovenance02, slsaprovenance1, link, spdx, spdxjson, cyclonedx, vuln, openvex, custom, or a URI'),
      default: 'custom',
    },
    list('policy', 'CUE or Rego files that the statement must satisfy'),
    { ...bool('check-claims', 'compare the subjects with the image'), default: 'true' },
    { ...text('output', 'accepted and ignored: attestations are printed as JSON, one on a line'), short: 'o', default: 'json' },
    bool('local-image', 'the arguments are folders made by `cosign save`'),
  ],
  arity: atLeast(1),
  refuse: refuseFlagValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  warnAboutIgnoredLog(flags, 'attestation', context.io.stderr);
  refuseKeyAndIdentity(flags);
  if (flags.number('max-workers') === 0) throw new CommandError('please set the --max-worker flag to a value that is greater than 0');
  await withInvocation(flags, context, async (invocation) => {
    const signer = await imageSigner(flags, invocation.loader);
    const policies = new AttestationPolicies(flags.list('policy').flatMap(splitCsv));
    try {
      await withRegistry(flags, context, async (session) => {
        for (const argument of flags.positionals) await verifyOne(argument, session, { signer, policies }, invocation);
      });
    } finally {
      await policies.close();
    }
  });
}

interface Judges {
  readonly signer: ImageDemand['signer'];
  readonly policies: AttestationPolicies;
}

async function verifyOne(argument: string, session: RegistrySession, { signer, policies }: Judges, invocation: Invocation): Promise<void> {
  const { flags, io } = invocation;
  const image = flags.bool('local-image') ? openLocalImage(argument) : await resolveImage(argument, session);
  const wanted = predicateTypeUri(flags.text('type'));
  const isWanted = (one: Accepted): boolean => one.verification.verified.statement?.predicateType === wanted;
  const demand: ImageDemand = { image, side: session.side, signer, want: ['attestations'], annotations: {}, meets: isWanted };
  const outcome = await judgeImage(demand, invocation);
  if (outcome.accepted.length > 0) policies.refuseOthers();
  const attestations = outcome.accepted.filter(isWanted);
  if (attestations.length === 0) refuse(outcome, invocation);
  await policies.check(attestations, flags.text('type'), invocation);
  printHeader(argument, { ...outcome, accepted: attestations, path: pathOf(attestations) }, invocation);
  for (const one of attestations) {
    tellCertificate(one.verification.verified.identity, io);
    io.stdout(`${envelopeText(one)}\n`);
  }
}

function refuse(outcome: Outcome, { flags, io }: Invocation): never {
  tellPlaces(outcome, io);
  if (outcome.accepted.length > 0) {
    const found = outcome.accepted.map(({ verification }) => quote(verification.verified.statement?.predicateType ?? ''));
    throw new CommandError(`none of the attestations matched the predicate type: ${flags.text('type')}, found: ${found.join(',')}`);
  }
  const messages = outcome.refused.map(({ message }) => message);
  throw new CommandError(`no matching attestations: ${messages.join(outcome.path === 'bundle' ? '\n' : '\n ')}`);
}

/** Older attestations as they are stored; of a bundle, the envelope in it. */
function envelopeText({ evidence, bundle }: Accepted): string {
  if (bundle?.content.kind !== 'dsse') return new TextDecoder().decode(evidence.content);
  const { payload, payloadType, signature, keyid } = bundle.content;
  const one = { ...(keyid !== '' && { keyid }), sig: encodeBase64(signature) };
  return encodeGoJson({ payload: encodeBase64(payload), payloadType, signatures: [one] });
}
