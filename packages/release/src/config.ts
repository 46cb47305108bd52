/**
 * `assay.release.yaml`: what a release is made of.
 *
 *   name: app
 *   version: 1.4.0                       default: --release-version, else the tag that CI builds, without the v in front
 *   files:
 *     - dist/app-*.tar.gz                a path, * for any characters but /
 *   baseImages:                          verified before anything is made; a release on an unknown base is none
 *     - { image: 'gcr.io/distroless/static@sha256:…', identity: keyless@…, issuer: https://accounts.google.com }
 *   images:
 *     - { from: build/app, to: ghcr.io/acme/app }          an OCI layout, an archive of docker save, or REPOSITORY@DIGEST
 *   charts:
 *     - { from: charts/app, to: oci://ghcr.io/acme/charts, images: { image: app } }   values at `image` get the digest of the image app
 *   sbom: [cyclonedx-json]
 *
 * An unknown key is refused: what is misspelt would not be released, and nobody would know.
 */
import { quote, TrustError } from '@assay/core';
import { SBOM_FORMATS, type SbomFormat } from '@assay/sbom';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

export interface ReleaseConfig {
  readonly name: string;
  readonly version: string | undefined;
  readonly files: readonly string[];
  readonly baseImages: readonly BaseImage[];
  readonly images: readonly ImageConfig[];
  readonly charts: readonly ChartConfig[];
  readonly sbom: readonly SbomFormat[];
}

/** What an image is built on, and who must have signed it: an identity and its issuer, a key, or a policy. */
export interface BaseImage {
  readonly image: string;
  readonly identity?: string | undefined;
  readonly identityRegexp?: string | undefined;
  readonly issuer?: string | undefined;
  readonly key?: string | undefined;
  readonly policy?: string | undefined;
}

export interface ImageConfig {
  /** Default: the last part of `to`. */
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Default: the version. None: it is published by digest alone. */
  readonly tags: readonly string[];
}

export interface ChartConfig {
  readonly from: string;
  readonly to: string;
  /** Where in the values which image of the release stands: `image`, `server.image`. */
  readonly images: Readonly<Record<string, string>>;
}

/** Errors: `RELEASE_CONFIG`, with line and column. */
export function parseReleaseConfig(text: string, file: string): ReleaseConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', prettyErrors: false });
  const at = (offset: number | undefined): string => {
    if (offset === undefined) return file;
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw new TrustError('RELEASE_CONFIG', `${at(broken.pos[0])}: ${quote(broken.message)}`);
  const result = CONFIG.safeParse(plainValue(document, file) ?? {}, { reportInput: true });
  if (result.success) return completed(result.data, file);
  const [issue] = result.error.issues as [z.core.$ZodIssue];
  const path = issue.path.map(String);
  const node = [path, path.slice(0, -1), []].map((steps) => document.getIn(steps, true) as { readonly range?: readonly number[] } | undefined).find(Boolean);
  throw new TrustError('RELEASE_CONFIG', `${at(node?.range?.[0])}: ${quote(path.join('.')) || 'the file'}: ${saysOf(issue)}`);
}

/** Errors: `RELEASE_CONFIG` for aliases that would multiply. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (error instanceof ReferenceError) throw new TrustError('RELEASE_CONFIG', `${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function completed({ name, version, files, baseImages, images, charts, sbom }: z.infer<typeof CONFIG>, file: string): ReleaseConfig {
  const named = images.map(({ name: given, from, to, tags }) => ({ name: given ?? to.slice(to.lastIndexOf('/') + 1), from, to, tags: tags ?? ['{version}'] }));
  const names = new Set<string>();
  for (const { name: one } of named) {
    if (names.has(one)) throw new TrustError('RELEASE_CONFIG', `${file}: two images are named ${quote(one)}`, { hint: 'give one of them another `name`' });
    names.add(one);
  }
  for (const one of charts.flatMap((chart) => Object.values(chart.images))) {
    if (!names.has(one)) throw new TrustError('RELEASE_CONFIG', `${file}: a chart names the image ${quote(one)}, which is none of the release`);
  }
  if (files.length + images.length + charts.length === 0) throw new TrustError('RELEASE_CONFIG', `${file}: there is nothing to release in it`);
  return { name, version: version === undefined ? undefined : String(version), files, baseImages, images: named, charts, sbom };
}

function saysOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown: ${issue.keys.map((key) => quote(key)).join(', ')}`;
  if (issue.code === 'invalid_type') return issue.input === undefined ? 'is missing' : `${issue.expected} was expected`;
  return quote(issue.message);
}

const text = z.string().min(1);
/** Of files in the release's folder: letters that every system and every checksum file can carry. */
const plainName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ., _ and - are allowed');

const CONFIG = z.strictObject({
  name: plainName,
  version: z.union([text, z.number()]).optional(),
  files: z.array(text).default([]),
  baseImages: z
    .array(
      z.strictObject({
        image: text,
        identity: text.optional(),
        identityRegexp: text.optional(),
        issuer: text.optional(),
        key: text.optional(),
        policy: text.optional(),
      }),
    )
    .default([]),
  images: z.array(z.strictObject({ name: plainName.optional(), from: text, to: text, tags: z.array(text).optional() })).default([]),
  charts: z.array(z.strictObject({ from: text, to: text, images: z.record(text, text).default({}) })).default([]),
  sbom: z.array(z.enum(SBOM_FORMATS)).default(['cyclonedx-json']),
});
