/** References as crane reads them, with its words for those it does not take. */
import { isTrustError, quote } from '@assay/core';
import { type ImageReference, parseReference, parseRepository, type RepositoryName, repositoryText } from '@assay/oci';
import { CommandError } from '../cobra/failure.ts';

/** A reference and how it was written: crane prints both forms. */
export type Reference = ImageReference & { readonly text: string };

/** @param prefix in front of the error, as crane wraps it; `%q` stands for the text in quotes */
export function readReference(text: string, prefix = 'parsing reference %q: '): Reference {
  try {
    if (/^https?:\/\//.test(text)) throw new CommandError(`image reference must not contain a URL scheme (http:// or https://): ${quote(text)}`);
    return { ...parseReference(text), text };
  } catch (error) {
    throw refusal(error, text, prefix, `could not parse reference: ${quote(text)}`);
  }
}

export function readRepository(text: string, prefix: string): RepositoryName & { readonly text: string } {
  try {
    return { ...parseRepository(text), text };
  } catch (error) {
    const slash = text.indexOf('/');
    const path = /[.:]/.test(text.slice(0, Math.max(0, slash))) ? text.slice(slash + 1) : text;
    const problem =
      path === '' ? 'a repository name must be specified' : `repository can only contain the characters \`${REPOSITORY_CHARACTERS}\`: ${quote(path)}`;
    throw refusal(error, text, prefix, problem);
  }
}

function refusal(error: unknown, text: string, prefix: string, problem: string): unknown {
  const front = prefix.replace('%q', JSON.stringify(text));
  if (error instanceof CommandError) return new CommandError(`${front}${error.message}`, 1, { cause: error });
  return isTrustError(error) && error.code === 'OCI_REFERENCE' ? new CommandError(`${front}${problem}`, 1, { cause: error }) : error;
}

/** `HOST/REPOSITORY@DIGEST`, as crane prints what it has pushed. */
export function digestText(name: RepositoryName, digest: string): string {
  return `${repositoryText(name)}@${digest}`;
}

/** `HOST/REPOSITORY:TAG`, whatever was left out. */
export function fullText(reference: ImageReference): string {
  return reference.digest === undefined ? `${repositoryText(reference)}:${reference.tag}` : digestText(reference, reference.digest);
}

/** What an archive calls it: as it was written, so that it is found again. Archives know no digests, and `latest` would be a lie. */
export function repoTag({ text, tag, digest, ...repository }: Reference): string {
  if (digest !== undefined) return `${repositoryText(repository)}:i-was-a-digest`;
  return tag === 'latest' && !text.endsWith(':latest') ? `${text}:latest` : text;
}

const REPOSITORY_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789_-./';
