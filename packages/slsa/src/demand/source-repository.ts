/**
 * The repository that something must be built from, as people name it: `github.com/OWNER/REPOSITORY`, with `https://` or `git+https://` before it or
 * without. Nothing else is guessed: a slash at the end, `.git` or a ref would each make another name, and who means them is told so.
 */
import { quote, TrustError } from '@assay/core';
import { ACTIONS_ISSUER, actionsIssuer, GITHUB, tenantOf } from '../github/hosts.ts';

export interface SourceRepository {
  /** As certificates name it: `https://github.com/owner/repository`. */
  readonly uri: string;
  readonly host: string;
  /** `owner/repository`. */
  readonly path: string;
  /** What is known of the host. Undefined: nothing. */
  readonly forge: Forge | undefined;
}

export interface Forge {
  readonly name: 'GitHub' | 'GitLab';
  /** Who vouches for what its jobs build. */
  readonly issuer: string;
}

/** Errors: `SLSA_SOURCE_URI`. */
export function parseSourceRepository(text: string): SourceRepository {
  const [, named = '', path = ''] = SOURCE.exec(text) ?? [];
  const host = named.toLowerCase();
  const problem = problemOf(text, host, path);
  if (problem !== undefined) {
    throw new TrustError('SLSA_SOURCE_URI', `not the name of a source repository: ${quote(text)}`, {
      expected: 'HOST/OWNER/REPOSITORY',
      found: quote(text),
      hint: problem,
    });
  }
  return { uri: `https://${host}/${path}`, host, path, forge: forgeOf(host) };
}

function forgeOf(host: string): Forge | undefined {
  const tenant = tenantOf(host);
  if (host === GITHUB) return { name: 'GitHub', issuer: ACTIONS_ISSUER };
  if (tenant !== undefined && host === `${tenant}.ghe.com`) return { name: 'GitHub', issuer: actionsIssuer(tenant) };
  return host === 'gitlab.com' ? { name: 'GitLab', issuer: 'https://gitlab.com' } : undefined;
}

/** In the words of somebody who can mend it. */
function problemOf(text: string, host: string, path: string): string | undefined {
  const scheme = /^([a-z+]+):\/\//i.exec(text)?.[1];
  if (scheme !== undefined && !/^(?:git\+)?https$/.test(scheme)) return 'repositories are named by https, or without any scheme: github.com/OWNER/REPOSITORY';
  const ref = text.indexOf('@');
  if (ref >= 0) return `leave out what follows the @, and demand it with --tag or --branch: ${quote(text.slice(0, ref))}`;
  if (text.endsWith('/')) return `leave out the slash at the end: ${quote(text.replace(/\/+$/, ''))}`;
  if (text.endsWith('.git')) return `leave out .git at the end: ${quote(text.slice(0, -'.git'.length))}`;
  if (host === '' || !/[.:]/.test(host)) return `name the host too: github.com/${quote(text) || 'OWNER/REPOSITORY'}`;
  if (path.split('/').some((part) => part === '.' || part === '..')) return 'a path has no . and .. in it';
  if (forgeOf(host)?.name === 'GitHub' && path.split('/').length !== 2) return `a repository on GitHub is named by owner and name: ${host}/OWNER/REPOSITORY`;
  return undefined;
}

/** ASCII alone: what looks alike in other scripts is another host. */
const SOURCE = /^(?:(?:git\+)?https:\/\/)?([A-Za-z0-9.-]+(?::\d{1,5})?)\/([\w.-]+(?:\/[\w.-]+)+)$/;
