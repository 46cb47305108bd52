/** What `attach signature` and `attach attestation` do with a Sigstore bundle: it becomes a referrer (cosign.md section 2.2). */
import { parseBundle, parseStatement, tryParseJsonObject, utf8 } from '@assay/core';
import { attachBundle, type RepositoryClient, targetOf } from '@assay/oci';
import { CommandError } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { oneLine } from './json-text.ts';
import type { NamedImage } from './stored-image.ts';

/** Whether a document says of itself that it is one: then its own mistakes are what is told. */
export function isBundle(content: Uint8Array): boolean {
  const mediaType = tryParseJsonObject(content)?.['mediaType'];
  return typeof mediaType === 'string' && mediaType.startsWith('application/vnd.dev.sigstore.bundle');
}

/** The image must be there: a referrer names its type and size. Errors: those of `parseBundle` and of the registry. */
export async function attachBundleDocument(document: Uint8Array, image: NamedImage, to: RepositoryClient, { now }: Io): Promise<void> {
  const { content } = parseBundle(document, { allowCertificateChain: true });
  if (content.kind !== 'dsse') throw new CommandError('bundle does not have DSSE envelope');
  const { predicateType } = parseStatement(content.payload);
  const subject = await image.repository.requireDescriptor(targetOf(image.reference));
  await attachBundle(to, { subject, bundle: utf8(oneLine(document)), content: 'dsse-envelope', predicateType, created: now });
}
