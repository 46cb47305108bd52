/**
 * A signing that was interrupted, on disk until `assay sign --resume` completes it.
 *
 * What is to be published where is its `context`:
 *   { bundleFile? { path, mode, overwrite }, image? { repository, subject { mediaType, digest, size }, predicateType, plainHttp }, trust { file?, initialized? } }
 */
import { join, resolve } from 'node:path';
import { Fields, isTrustError, type JsonObject, TrustError } from '@assay/core';
import { type Descriptor, type PlainHttp, toDigest } from '@assay/oci';
import { encodePending, type PendingSigning } from '@assay/sign';
import type { Io } from './io.ts';
import { writePrivateFile } from './private-file.ts';
import { userFolder } from './user-folder.ts';

export interface Publication {
  readonly bundleFile?: { readonly path: string; readonly mode: number; readonly overwrite: boolean } | undefined;
  readonly image?: ImagePublication | undefined;
  /** Where the trusted root came from. */
  readonly trust: { readonly file?: string | undefined; readonly initialized: boolean };
}

export interface ImagePublication {
  /** HOST/REPOSITORY that gets the evidence. */
  readonly repository: string;
  readonly subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  readonly predicateType: string;
  readonly plainHttp: PlainHttp;
}

/** Beside the bundle that is to be, else in the state folder. Returns what to tell the person. */
export function keepPending(pending: Omit<PendingSigning, 'context'>, publication: Publication, validUntil: Date, io: Io): string {
  const file = placeFor(publication, io);
  try {
    writePending(file, { ...pending, context: contextOf(publication) });
  } catch (error) {
    // What the services said comes first, and this on top of it.
    if (isTrustError(error)) return `nothing is published, and the signing cannot be kept: ${error.message}`;
    throw error;
  }
  return `nothing is published; the signing is kept, and completed until ${validUntil.toISOString()} with: assay sign --resume ${file}`;
}

/** As a whole or not at all, and only for its owner. Errors: `FILE_UNREADABLE`. */
export function writePending(file: string, pending: PendingSigning): void {
  try {
    writePrivateFile(file, encodePending(pending));
  } catch (error) {
    throw new TrustError('FILE_UNREADABLE', `${file}: cannot be written: ${(error as NodeJS.ErrnoException).code ?? ''}`, { cause: error });
  }
}

function placeFor({ bundleFile, image }: Publication, { env, now }: Io): string {
  if (bundleFile !== undefined) return `${resolve(bundleFile.path)}.pending.json`;
  const name = `${image?.repository ?? ''}-${image?.subject.digest.slice(-12) ?? ''}`.replace(/[^\w.-]+/g, '_');
  return join(userFolder('state', env), 'pending', `${name}-${now.toISOString().replace(/[:.]/g, '')}.json`);
}

function contextOf({ bundleFile, image, trust }: Publication): JsonObject {
  return {
    ...(bundleFile && { bundleFile: { ...bundleFile, path: resolve(bundleFile.path) } }),
    ...(image && { image: { ...image, subject: { mediaType: image.subject.mediaType, digest: image.subject.digest, size: image.subject.size } } }),
    trust: { ...(trust.file !== undefined && { file: resolve(trust.file) }), initialized: trust.initialized },
  };
}

/** Errors: `PENDING_PARSE`. */
export function readPublication(context: JsonObject): Publication {
  const fields = new Fields(context, 'context', { what: 'pending signing', parse: 'PENDING_PARSE', shape: 'PENDING_PARSE' });
  const bundleFile = fields.optionalObject('bundleFile');
  const image = fields.optionalObject('image');
  const trust = fields.object('trust');
  return {
    bundleFile: bundleFile && {
      path: bundleFile.string('path'),
      mode: bundleFile.json['mode'] === 0o600 ? 0o600 : 0o644,
      overwrite: bundleFile.json['overwrite'] === true,
    },
    image: image && readImage(image),
    trust: { file: trust.optionalString('file'), initialized: trust.json['initialized'] === true },
  };
}

function readImage(image: Fields): ImagePublication {
  const subject = image.object('subject');
  const plainHttp = PLAIN_HTTP.find((value) => value === image.json['plainHttp']) ?? 'never';
  return {
    repository: image.string('repository'),
    subject: { mediaType: subject.string('mediaType'), digest: toDigest(subject.string('digest')), size: Number(subject.int64('size')) },
    predicateType: image.string('predicateType'),
    plainHttp,
  };
}

const PLAIN_HTTP: readonly PlainHttp[] = ['always', 'private', 'never'];
