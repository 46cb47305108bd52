/** What `attach signature` and `attach attestation` do with a Sigstore bundle: it becomes a referrer (cosign.md section 2.2). */
import { isJsonObject, JsonError, parseBundle, parseJson, parseStatement, utf8 } from '@assay/core';
import { attachBundle, type RepositoryClient } from '@assay/oci';
import { CommandError } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { oneLine } from './json-text.ts';
import type { NamedImage } from './stored-image.ts';

/** Whether a document says of itself that it is one: then its own mistakes are what is told. */
export function isBundle(content: Uint8Array): boolean {
  try {
    const json = parseJson(content);
    return isJsonObject(json) && typeof json['mediaType'] === 'string' && json['mediaType'].startsWith('application/vnd.dev.sigstore.bundle');
  } catch (error) {
    if (error instanceof JsonError) return false;
    throw error;
  }
}

/** The image must be there: a referrer names its type and size. Errors: those of `parseBundle` and of the registry. */
export async function attachBundleDocument(document: Uint8Array, image: NamedImage, to: RepositoryClient, { now }: Io): Promise<void> {
  const { content } = parseBundle(document, { allowCertificateChain: true });
  if (content.kind !== 'dsse') throw new CommandError('bundle does not have DSSE envelope');
  const { predicateType } = parseStatement(content.payload);
  const target = image.reference.digest ?? image.reference.tag ?? '';
  const subject = (await image.repository.resolve(target)) ?? (await image.repository.requireManifest(target)).descriptor;
  await attachBundle(to, { subject, bundle: utf8(oneLine(document)), content: 'dsse-envelope', predicateType, created: now });
}
