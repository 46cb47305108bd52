/** `assay stack token`: an identity token of the local issuer. */
import { TrustError } from '@assay/core';
import { type Identity, issueToken } from '@assay/stack';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { dataFolder } from './data-folder.ts';
import { passphraseOf } from './passphrase.ts';

export interface TokenFlags {
  readonly data?: string;
  readonly email?: string;
  readonly github?: string;
  readonly gitlab?: string;
  readonly spiffe?: string;
  readonly audience?: string;
  readonly lifetime?: number;
}

/** Errors: `USAGE`, `STACK_DATA`. */
export async function runToken(flags: TokenFlags, io: Io): Promise<number> {
  const { audience, lifetime: lifetimeSeconds } = flags;
  const options = { now: io.now, audience, lifetimeSeconds, ...passphraseOf(io.env) };
  io.stdout(`${await issueToken(dataFolder(flags.data, io.env), identityOf(flags), options)}\n`);
  return EXIT.accepted;
}

function identityOf({ email, github, gitlab, spiffe }: TokenFlags): Identity {
  if (email !== undefined) return { kind: 'email', email };
  if (spiffe !== undefined) return { kind: 'spiffe', id: spiffe };
  if (github !== undefined) {
    const { repo = '', workflow = '', ref, ...claims } = pairs('--github', github, ['repo', 'workflow']);
    return { kind: 'github', repository: repo, workflow, ...(ref !== undefined && { ref }), claims };
  }
  if (gitlab !== undefined) {
    const { project = '', ref, ref_type: refType, ...claims } = pairs('--gitlab', gitlab, ['project']);
    const tag = refType === 'tag' && { refType: 'tag' as const };
    return { kind: 'gitlab', project, ...(ref !== undefined && { ref }), ...tag, claims };
  }
  throw new TrustError('USAGE', 'whose token is it to be?', { hint: 'name one: --email, --github, --gitlab or --spiffe' });
}

/** `name=value,…` */
function pairs(flag: string, text: string, required: readonly string[]): Record<string, string> {
  const entries = text.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) throw new TrustError('USAGE', `${flag} takes name=value, separated by commas`, { found: pair });
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const found: Record<string, string> = Object.fromEntries(entries);
  const missing = required.filter((name) => !found[name]);
  if (missing.length > 0) throw new TrustError('USAGE', `${flag} lacks ${missing.join(' and ')}`, { hint: 'see assay stack token --help' });
  return found;
}
