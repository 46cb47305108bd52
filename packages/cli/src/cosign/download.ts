/** What the download commands share: evidence as it lies, read and not verified. */
import { isTrustError, parseBundle, quote } from '@assay/core';
import { type Digest, type Evidence, type FindOptions, findEvidence } from '@assay/oci';
import type { Context } from '../cobra/command.ts';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { RegistrySession } from './images.ts';
import { maxAttachmentBytes } from './registry-flags.ts';
import type { NamedImage } from './stored-image.ts';

export interface Download {
  readonly image: NamedImage;
  readonly digest: Digest;
  readonly session: RegistrySession;
  readonly flags: ParsedFlags;
  readonly context: Context;
}

/** What cannot be read is told on standard error and left out. */
export async function collect(download: Download, what: Pick<FindOptions, 'want' | 'only'>): Promise<Evidence[]> {
  const { image, digest, session, flags, context } = download;
  const found: Evidence[] = [];
  const options = { image: image.repository, digest, sideRepository: session.side, tagPrefix: flags.text('attachment-tag-prefix') };
  for await (const event of findEvidence({ ...options, maxBytes: maxAttachmentBytes(context), ...what })) {
    if (event.kind === 'answer') {
      const { place, problem } = event.answer;
      if (problem !== undefined) context.io.stderr(`looked in ${place}: ${quote(messageOf(problem), 500)}\n`);
    } else if (event.evidence.format === undefined) {
      context.io.stderr(`found ${event.evidence.reference}: ${quote(messageOf(event.evidence.problem), 500)}\n`);
    } else {
      found.push(event.evidence);
    }
  }
  return found;
}

/** Each as one line of JSON. What is listed as a bundle and is none is told on standard error. */
export async function collectBundles(download: Download): Promise<Evidence[]> {
  const bundles = (await collect(download, { want: [], only: 'bundles' })).filter(({ format }) => format === 'bundle');
  return bundles.filter(({ content, reference }) => {
    try {
      return parseBundle(content, { allowCertificateChain: true }) !== undefined;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      download.context.io.stderr(`found ${reference}: ${quote(error.message, 500)}\n`);
      return false;
    }
  });
}

export function refuseTooMany(evidence: readonly Evidence[], what: 'signatures' | 'attestations'): void {
  if (evidence.length > MAX) throw new CommandError(`maximum number of ${what} on an image is ${MAX}, found ${evidence.length}`);
}

const MAX = 100;
