/** `cosign attach attestation` (cosign.md section 1): attestations that were made elsewhere, stored where verification looks for them. */
import { decodeUtf8, IN_TOTO_PAYLOAD_TYPE, parseFields, parseStatement, quote, utf8 } from '@assay/core';
import { appendAttestation, attachmentTag, type Digest, type RepositoryClient } from '@assay/oci';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { attachBundleDocument, isBundle } from './attach-bundle.ts';
import { list } from './flags.ts';
import { withRegistry } from './images.ts';
import { oneLine, splitDocuments } from './json-text.ts';
import { readInput } from './read-input.ts';
import { REGISTRY_FLAGS } from './registry-flags.ts';
import { digestOfImage, nameImage } from './stored-image.ts';
import { warnAboutTag } from './to-sign.ts';

export const command: Command = {
  usage: 'attach attestation [flags] IMAGE',
  examples: `  # envelopes, one or several in a file
  cosign attach attestation --attestation provenance.intoto.jsonl registry.example/app:1.2.3

  # a Sigstore bundle
  cosign attach attestation --attestation provenance.sigstore.json registry.example/app:1.2.3`,
  flags: [...REGISTRY_FLAGS, list('attestation', 'file with DSSE envelopes or a Sigstore bundle; may be repeated')],
  arity: atLeast(1),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const [typed = ''] = flags.positionals;
  await withRegistry(flags, context, async (session) => {
    for (const path of flags.list('attestation')) {
      io.stderr(`Using payload from: ${path}\n`);
      const image = nameImage(typed, session);
      if (image.reference.digest === undefined) warnAboutTag(typed, io);
      const digest = await digestOfImage(image);
      const content = await wrapped(`attaching payload from ${path}`, () => readInput(path, io));
      const to = session.side ?? image.repository;
      if (isBundle(content)) await attachBundleDocument(content, image, to, io);
      else await wrapped(`attaching payload from ${path}`, () => attachEnvelopes(content, digest, to, flags.text('attachment-tag-prefix')));
    }
  });
}

async function attachEnvelopes(content: Uint8Array, digest: Digest, to: RepositoryClient, tagPrefix: string): Promise<void> {
  // All are read before the first is stored.
  const envelopes = splitDocuments(decodeUtf8(content) ?? '').map(readEnvelope);
  for (const { envelope, predicateType } of envelopes) {
    await appendAttestation(to, { tag: `${tagPrefix}${attachmentTag(digest, 'att')}`, envelope, predicateType, parts: {} });
  }
}

function readEnvelope(document: string): { envelope: Uint8Array; predicateType: string } {
  const fields = parseFields(utf8(document), { what: 'DSSE envelope', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' });
  const payloadType = fields.optionalString('payloadType') ?? '';
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE) throw new CommandError(`invalid payloadType ${quote(payloadType)} on envelope. Expected ${IN_TOTO_PAYLOAD_TYPE}`);
  if (!fields.has('signatures') || fields.objects('signatures', MAX_SIGNATURES).length === 0) {
    throw new CommandError('could not attach attestation without having signatures');
  }
  return { envelope: utf8(oneLine(utf8(document))), predicateType: parseStatement(fields.bytes('payload')).predicateType };
}

const MAX_SIGNATURES = 100;
