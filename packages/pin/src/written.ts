/**
 * A reference as somebody wrote it: `NAME[:TAG][@DIGEST]`. The name stays as it is (`nginx`, not `index.docker.io/library/nginx`), because it is written back.
 */
import { isTrustError } from '@assay/core';
import { type Digest, isDigest, parseReference, repositoryText } from '@assay/oci';
import type { TagStyle } from './model.ts';

export interface Written {
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** Returns why it is none, in words, when it is not a reference. */
export function parseWritten(text: string): Written | string {
  if (isDigest(text)) return 'a digest without a name';
  try {
    const { digest } = parseReference(text);
    const [named = ''] = text.split('@');
    const colon = named.lastIndexOf(':');
    const hasTag = colon > named.lastIndexOf('/');
    return { name: hasTag ? named.slice(0, colon) : named, tag: hasTag ? named.slice(colon + 1) : undefined, digest };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return error.message;
  }
}

export function isWritten(parsed: Written | string): parsed is Written {
  return typeof parsed !== 'string';
}

/** What one registry calls one thing, however it is written. */
export function canonicalName({ name }: Written): string {
  return repositoryText(parseReference(name));
}

/** No tag means `latest`, which is then said: it is what was resolved. */
export function pinnedText({ name, tag }: Written, digest: Digest, style: TagStyle): string {
  return style === 'drop' ? `${name}@${digest}` : `${name}:${tag ?? 'latest'}@${digest}`;
}

/** The same as it stands in the file. */
export function writtenText({ name, tag, digest }: Written): string {
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
