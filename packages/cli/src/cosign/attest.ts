/** `cosign attest` (cosign.md section 1). */
import { Artifact, encodeBase64, encodePem, fromHex, utf8 } from '@assay/core';
import { appendAttestation, attachBundle, attachmentTag, hexOf, parseReference, repositoryText } from '@assay/oci';
import { encodeStatement, predicateTypeOf, readPredicate, rekorBundleJson, timestampJson } from '@assay/sign';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { readInput } from '../read-input.ts';
import { bool, text } from './flags.ts';
import { type RegistrySession, withRegistry } from './images.ts';
import { Loader } from './load.ts';
import { plainHttpOf, REGISTRY_FLAGS } from './registry-flags.ts';
import { sealChecked } from './seal.ts';
import { olderBundle } from './sign-blob.ts';
import { outputFlag, RECORD_CREATION, REKOR_ENTRY_TYPE, SIGN_FLAGS } from './sign-flags.ts';
import { bundleFileOf, openSigning, refuseKeyAndToken, type Signing, writeBundleFile } from './signing.ts';
import { dockerMediaTypes, recordedCreation, requireForSigning, warnAboutTag } from './to-sign.ts';

export const command: Command = {
  usage: 'attest [flags] IMAGE…',
  examples: `  # an SBOM
  cosign attest --key cosign.key --type cyclonedx --predicate sbom.json registry.example/app@sha256:…

  # provenance from standard input
  make-provenance | cosign attest --key cosign.key --type slsaprovenance1 --predicate - registry.example/app@sha256:…`,
  flags: [
    ...SIGN_FLAGS,
    ...REGISTRY_FLAGS,
    text('predicate', 'file with the predicate, or - for standard input'),
    text('statement', 'accepted, and ignored'),
    { ...text('type', 'predicate type: a short name or a URI'), default: 'custom' },
    bool('no-upload', 'do not store the attestation in the registry'),
    bool('replace', 'take away attestations of the same type', { deprecated: 'not needed when OCI referrers become the default behavior' }),
    REKOR_ENTRY_TYPE,
    RECORD_CREATION,
    outputFlag('attestation'),
    text('registry-referrers-mode', 'how attestations are stored: legacy or oci-1-1', { hidden: true }),
  ],
  arity: atLeast(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const loader = new Loader(context);
  try {
    const signing = await openSigning(flags, context, loader, ['output-attestation']);
    await withRegistry(flags, context, async (session) => {
      for (const argument of flags.positionals) await wrapped(`signing ${argument}`, () => attestOne(argument, { flags, context, session, signing }));
    });
  } finally {
    loader.close();
  }
}

interface Shared {
  readonly flags: ParsedFlags;
  readonly context: Context;
  readonly session: RegistrySession;
  readonly signing: Signing;
}

async function attestOne(argument: string, { flags, context, session, signing }: Shared): Promise<void> {
  const { io } = context;
  refuseKeyAndToken(flags);
  const path = flags.text('predicate');
  if (path === '') throw new CommandError('predicate cannot be empty');
  if (!['dsse', 'intoto'].includes(flags.text('rekor-entry-type'))) throw new CommandError('unknown value for rekor-entry-type');
  const type = flags.text('type');
  const predicateType = predicateTypeOf(type);
  const reference = await wrapped('parsing reference', () => parseReference(argument));
  if (reference.digest === undefined) warnAboutTag(argument, io);
  const repository = session.access.registries.repository(reference);
  const subject = await requireForSigning(reference, repository);
  io.stderr(`Using payload from: ${path === '-' ? 'standard input' : path}\n`);
  const predicate = readPredicate(await readInput(path, io), type, io.now);
  const name = repositoryText(reference);
  const sha256 = hexOf(subject.digest);
  const payload = encodeStatement({ name, sha256, predicateType, predicate, version: 'v0.1' });
  const to = session.side ?? repository;
  const made = await wrapped('creating bundle', async () =>
    sealChecked({ kind: 'dsse', payload }, await signing.party(), {
      flags,
      context,
      signing,
      artifact: Artifact.fromDigests({ sha256: fromHex(sha256) }),
      publication: {
        bundleFile: bundleFileOf(flags),
        image: flags.bool('no-upload') ? undefined : { repository: to.name, subject, predicateType, plainHttp: plainHttpOf(flags) },
      },
    }),
  );
  const { sealed } = made;
  const bundle = utf8(made.bundle);

  if (flags.bool('new-bundle-format')) {
    writeBundleFile(bundle, flags, context);
    if (flags.bool('no-upload')) return;
    await attachBundle(to, { subject, bundle, content: 'dsse-envelope', predicateType, created: io.now });
    return;
  }
  const envelope = sealed.envelope ?? new Uint8Array(0);
  writeBundleFile(olderBundle(encodeBase64(envelope), sealed), flags, context);
  if (flags.bool('no-upload')) {
    io.stdout(`${new TextDecoder().decode(envelope)}\n`);
    return;
  }
  const { replaced } = await appendAttestation(to, {
    tag: `${flags.text('attachment-tag-prefix')}${attachmentTag(subject.digest, 'att')}`,
    envelope,
    predicateType,
    replace: flags.bool('replace'),
    parts: {
      certificate: sealed.certificate && encodePem('CERTIFICATE', sealed.certificate),
      chain: made.chain,
      rekorBundle: rekorBundleJson(sealed.entries[0]),
      timestamp: timestampJson(sealed.timestamps),
    },
    created: recordedCreation(flags, context),
    dockerMediaTypes: dockerMediaTypes(context),
  });
  if (flags.bool('replace')) io.stderr(`${replaced > 0 ? 'Replacing' : 'Not replacing'} attestation predicate: ${predicateType}\n`);
}
