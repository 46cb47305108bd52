/**
 * `assay.release.json`: what a release consists of, and which file of its folder proves what. It is signed like any other file of the release.
 *
 *   { "mediaType": "application/vnd.assay.release.v1+json", "name": "app", "version": "1.4.0", "inputs": "…", "commit": "…",
 *     "checksums": { "name": "checksums.txt", "sha256": "…", "signature": "checksums.txt.sigstore.json" },
 *     "provenance": "multiple.intoto.jsonl",
 *     "files":  [{ "name", "sha256", "size", "signature", "sboms": [{ "name", "sha256", "format", "attestation" }] }],
 *     "images": [{ "name", "repository", "digest", "tags", "manifest", "signature", "provenance", "platforms": [{ "platform", "digest", "sboms" }] }],
 *     "charts": [{ "name", "version", "repository", "digest", "archive", "sha256", "archiveSignature", "manifest", "signature",
 *                 "provenance", "images": { "image": "app" } }] }
 *
 * Every name is one of a file in the same folder, without any path.
 */
import { parseFields, quote, TrustError, utf8 } from '@assay/core';
import { isDigest } from '@assay/oci';
import { SBOM_FORMATS } from '@assay/sbom';
import { z } from 'zod';

export const RELEASE_MEDIA_TYPE = 'application/vnd.assay.release.v1+json';
export const RELEASE_FILE = 'assay.release.json';
export const CHECKSUMS_FILE = 'checksums.txt';

export type Release = z.infer<typeof RELEASE>;
export type ReleasedFile = Release['files'][number];
export type ReleasedImage = Release['images'][number];
export type ReleasedChart = Release['charts'][number];
export type ReleasedSbom = z.infer<typeof SBOM>;

/** Indented, with a line end; the same release gives the same bytes. */
export function encodeRelease(release: Release): Uint8Array {
  return utf8(`${JSON.stringify(RELEASE.parse(release), null, 2)}\n`);
}

/** Errors: `RELEASE_PARSE`: also for names that lead elsewhere, and for one name that two things claim. */
export function parseRelease(content: Uint8Array, file: string): Release {
  if (content.length > MAX_RELEASE_BYTES) throw new TrustError('RELEASE_PARSE', `${file}: larger than ${MAX_RELEASE_BYTES} bytes, the cap`);
  const { json } = parseFields(content, { what: file, parse: 'RELEASE_PARSE', shape: 'RELEASE_PARSE' });
  const result = RELEASE.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues as [z.core.$ZodIssue];
    throw new TrustError('RELEASE_PARSE', `${file}: ${quote(issue.path.map(String).join('.')) || 'the document'}: ${quote(issue.message)}`);
  }
  const seen = new Set<string>();
  for (const name of namesIn(result.data)) {
    if (seen.has(name)) throw new TrustError('RELEASE_PARSE', `${file}: two things claim the file ${quote(name)}`);
    seen.add(name);
  }
  return result.data;
}

/** Every file that the release names, once for each mention. */
export function namesIn({ checksums, provenance, files, images, charts }: Release): string[] {
  const ofSbom = ({ name, attestation }: ReleasedSbom): string[] => [name, attestation];
  return [
    checksums.name,
    checksums.signature,
    ...(provenance === undefined ? [] : [provenance]),
    ...files.flatMap(({ name, signature, sboms }) => [name, signature, ...sboms.flatMap(ofSbom)]),
    ...images.flatMap((image) => [image.manifest, image.signature, image.provenance, ...image.platforms.flatMap(({ sboms }) => sboms.flatMap(ofSbom))]),
    ...charts.flatMap(({ archive, archiveSignature, manifest, signature, provenance: its }) => [archive, archiveSignature, manifest, signature, its]),
  ];
}

/** A file beside this one: no path, nothing hidden, none of the reserved names of a folder. */
const fileName = z
  .string()
  .refine((name) => /^[^\p{Cc}/\\:*?"<>|]{1,255}$/u.test(name) && !name.startsWith('.') && name !== RELEASE_FILE, 'is no name of a file beside this one');
const sha256 = z.string().regex(/^[a-f0-9]{64}$/, 'is no SHA-256 in lower-case hex');
const digest = z.custom<`sha256:${string}`>((value) => typeof value === 'string' && isDigest(value) && value.startsWith('sha256:'), 'is no digest');
const text = z.string().min(1).max(4096);
const size = z.number().int().nonnegative();

const SBOM = z.strictObject({ name: fileName, sha256, format: z.enum(SBOM_FORMATS), attestation: fileName });
const RELEASE = z.strictObject({
  mediaType: z.literal(RELEASE_MEDIA_TYPE),
  name: text,
  version: text,
  /** Of everything that it was made of, so that a run that has nothing to do knows it. */
  inputs: sha256,
  /** Of the source, as git says it. */
  commit: z
    .string()
    .regex(/^[a-f0-9]{40,64}$/)
    .optional(),
  checksums: z.strictObject({ name: fileName, sha256, signature: fileName }),
  /** Of all files and archives of charts; absent when there are none. */
  provenance: fileName.optional(),
  files: z.array(z.strictObject({ name: fileName, sha256, size, signature: fileName, sboms: z.array(SBOM) })),
  images: z.array(
    z.strictObject({
      name: text,
      repository: text,
      digest,
      tags: z.array(text),
      manifest: fileName,
      signature: fileName,
      provenance: fileName,
      platforms: z.array(z.strictObject({ platform: text, digest, sboms: z.array(SBOM) })),
    }),
  ),
  charts: z.array(
    z.strictObject({
      name: text,
      version: text,
      repository: text,
      digest,
      archive: fileName,
      sha256,
      archiveSignature: fileName,
      manifest: fileName,
      signature: fileName,
      provenance: fileName,
      images: z.record(z.string(), z.string()),
    }),
  ),
});

export const MAX_RELEASE_BYTES = 16 * 1024 * 1024;
