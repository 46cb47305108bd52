/** `--source …` and what goes with it, as the demands on a build and as the signer that verification expects. */
import { type ExpectedSigner, exactly, type Matcher, quote, TrustError } from '@assay/core';
import { type BuildDemands, parseDemandedBuilder, parseSourceRepository, type SourceRepository } from '@assay/slsa';
import type { Io } from '../../io.ts';
import { expectedSigner, type SignerFlags } from '../signer-flags.ts';

export interface BuildFlags {
  readonly source?: string;
  readonly tag?: string;
  readonly branch?: string;
  readonly commit?: string;
  readonly builder?: string;
  readonly trigger?: string;
  readonly denySelfHostedRunners?: boolean;
  /** The log to ask for envelopes that carry no proof. */
  readonly rekorUrl?: string;
  /** Where to keep what was found over the network. */
  readonly saveBundle?: string;
}

/** Errors: `SLSA_SOURCE_URI`, `SLSA_UNSUPPORTED`, `USAGE` for demands that contradict each other. */
export function buildDemands(source: string, { tag, branch, commit, builder, trigger, denySelfHostedRunners }: BuildFlags): BuildDemands {
  if (tag !== undefined && branch !== undefined) {
    throw new TrustError('USAGE', '--tag and --branch exclude each other: a build is of one of them', { hint: 'give the one that the release was built from' });
  }
  if (commit !== undefined && !/^(?:[\da-f]{40}|[\da-f]{64})$/.test(commit)) {
    throw new TrustError('USAGE', 'a commit is demanded by its whole name', { expected: '40 or 64 hex digits in lower case', found: quote(commit) });
  }
  if (builder !== undefined) parseDemandedBuilder(builder);
  return {
    source: parseSourceRepository(source),
    ref: tag !== undefined ? { kind: 'tag', name: tag } : branch !== undefined ? { kind: 'branch', name: branch } : undefined,
    commit,
    builder,
    trigger,
    selfHosted: denySelfHostedRunners === true ? 'refused' : undefined,
  };
}

/** Who may have signed: whoever was named, else any job of the forge. Which one it was, is judged afterwards. Errors: `USAGE…`, those of `expectedSigner`. */
export async function buildSigner(flags: SignerFlags, { source, builder }: BuildDemands, io: Io, offline: boolean): Promise<ExpectedSigner> {
  if (flags.key !== undefined && builder === undefined) {
    throw new TrustError('USAGE', 'whoever has a key can name any builder: say which one you expect', { hint: 'add --builder NAME' });
  }
  const issuer = source.forge === undefined ? undefined : exactly(source.forge.issuer);
  if (issuer === undefined && flags.key === undefined && flags.issuer === undefined && flags.issuerRegexp === undefined) throw unknownHost(source);
  return expectedSigner(flags, io, offline, { san: anyWorkflow(source), issuer });
}

function unknownHost({ host, path }: SourceRepository): TrustError {
  const known = ['github.com', 'gitlab.com'].find((one) => host.includes(one.slice(0, -'.com'.length)));
  const lookAlike =
    known === undefined ? '' : `if ${host} is a mirror or a look-alike of ${known}, do not trust it and name the source as ${known}/${path}; otherwise `;
  return new TrustError('USAGE_IDENTITY', `who vouches for builds of ${host} is not known`, {
    expected: 'a repository on github.com or gitlab.com, or --issuer',
    found: host,
    hint: `${lookAlike}add the issuer that vouches for its jobs: --issuer URL`,
  });
}

/** Of the same host, where it is known what its workflows are called. */
function anyWorkflow({ host, forge }: SourceRepository): Matcher {
  const prefix = forge === undefined ? 'https://' : `https://${host}/`;
  return { kind: 'pattern', pattern: `${prefix.replaceAll('.', '\\.')}.*`, mode: 'whole', matches: (text) => text.startsWith(prefix) };
}
