/** Git references as builds state them: `refs/heads/main`, `refs/tags/v1.2.3`; and the URIs that carry them: `git+https://github.com/owner/name@refs/…`. */
import { quote } from '@assay/core';

/** `kind` is '' for what is not of the form `refs/KIND/NAME`. */
export function splitRef(ref: string): { readonly kind: string; readonly name: string } {
  const [, kind, name] = /^refs\/([^/]*)\/(.*)$/s.exec(ref) ?? [];
  return kind === undefined || name === undefined ? { kind: '', name: ref } : { kind, name };
}

/** The name of a ref of this kind; or what is wrong with it, in slsa-verifier's words. */
export function namedRef(
  ref: string,
  kind: 'heads' | 'tags',
): { readonly name: string; readonly problem?: never } | { readonly problem: string; readonly name?: never } {
  const found = splitRef(ref);
  if (found.kind !== kind) return { problem: `${JSON.stringify(quote(ref))}: unexpected ref type: ${JSON.stringify(quote(found.kind))}` };
  return found.name === '' ? { problem: `${JSON.stringify(quote(ref))}: empty ref name` } : { name: found.name };
}

/** A URI before and after its first `@`. Undefined when it is not one of Git. */
export function splitGitUri(uri: string): { readonly repository: string; readonly ref: string } | undefined {
  if (!uri.startsWith('git+')) return undefined;
  const at = uri.indexOf('@');
  return at < 0 ? { repository: uri, ref: '' } : { repository: uri.slice(0, at), ref: uri.slice(at + 1) };
}

/** As users name a repository, in the form in which provenance does. */
export function gitUriOf(source: string): string {
  if (source.startsWith('git+')) return source;
  return source.includes('://') ? `git+${source}` : `git+https://${source}`;
}
