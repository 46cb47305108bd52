/** The trusted roots that attestations are judged by: those of a file, or public Sigstore's and that of GitHub's own instance, each kept fresh over TUF. */
import { isTrustError, parseTrustedRoot, type TrustedRoot, utf8 } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { TrustSources } from '@assay/slsa/github';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { splitDocuments } from '../cosign/json-text.ts';
import { githubRoot } from '../github-root.ts';
import { once } from '../once.ts';
import { loadRoot } from '../trusted-root.ts';
import type { Session } from './session.ts';

/** @param domain '' but for tenants, which have roots of their own. Errors: `CommandError` for a file that cannot be used. */
export function trustSources(flags: ParsedFlags, { io, http }: Session, domain: string): TrustSources {
  const file = flags.text('custom-trusted-root');
  return {
    publicGood: once(async () => (await loadRoot({}, io)).root),
    github: once(() => githubRoot(domain, http, io)),
    custom: file === '' ? undefined : customRoots(file),
    refusePublicGood: flags.bool('no-public-good'),
  };
}

/** One on each line. All are read: half a file of trust is none. */
function customRoots(file: string): TrustedRoot[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileCapped(file, MAX_FILE_BYTES));
    return splitDocuments(text).map((document) => parseTrustedRoot(utf8(document)));
  } catch (error) {
    if (isTrustError(error) && error.code.startsWith('FILE_')) throw new CommandError(`unable to read file ${file}: ${messageOf(error)}`, 1, { cause: error });
    if (!isTrustError(error) && !(error instanceof CommandError) && !(error instanceof TypeError)) throw error;
    throw new CommandError(`failed to create custom verifier: ${error.message}`, 1, { cause: error });
  }
}

const MAX_FILE_BYTES = 16 * 1024 * 1024;
