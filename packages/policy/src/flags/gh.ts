/** `gh attestation verify` (slsa.md section 3). */
import { quote, TrustError } from '@assay/core';
import type { Losses } from '../convert/loss.ts';
import { wholeOf } from '../convert/pattern.ts';
import { escapeRe2 } from '../native/re2-text.ts';
import type { NativeSigner, NativeSpec } from '../native/schema.ts';
import { imagePatterns } from './images.ts';
import { type FlagTable, type GivenFlags, parseFlags } from './parse-flags.ts';
import type { FlagWords } from './read-flags.ts';

export function readGh({ words: [group = '', command = '', ...words] }: FlagWords, losses: Losses): NativeSpec {
  if (!(group === 'attestation' || group === 'at') || command !== 'verify') {
    throw new TrustError('USAGE', `gh ${quote(`${group} ${command}`.trim())} is no verification`, { expected: 'gh attestation verify' });
  }
  const flags = parseFlags(words, FLAGS);
  const images = flags.positionals.filter((one) => one.startsWith('oci://'));
  const file = flags.text('custom-trusted-root');
  for (const [name, says] of LOST) if (flags.has(name)) losses.weaker(`--${name}`, says);
  if (file === undefined)
    losses.stricter('--custom-trusted-root', "the default root is public Sigstore's: what GitHub's own instance has certified needs a trust.file");
  return {
    ...(images.length > 0 && { images: [...imagePatterns(images)] }),
    signers: [signerOf(flags, losses)],
    attestations: [{ type: flags.text('predicate-type') ?? 'https://slsa.dev/provenance/v1' }],
    ...(file !== undefined && { trust: { file } }),
  };
}

const LOST: readonly (readonly [string, string])[] = [
  ['signer-digest', 'the commit of the workflow is not asked for'],
  ['source-digest', 'the commit is not asked for; say it with build.commit'],
  ['deny-self-hosted-runners', 'whose machine it was is not asked for; say it with build.selfHosted'],
];

function signerOf(flags: GivenFlags, losses: Losses): NativeSigner {
  const scope = scopeOf(flags);
  const ref = flags.text('source-ref');
  const issuer = flags.text('cert-oidc-issuer') ?? ACTIONS;
  const workflow = flags.text('signer-workflow')?.replace(/^(?:https:\/\/)?github\.com\//, '');
  const subject = flags.text('cert-identity');
  const pattern = flags.text('cert-identity-regex');
  const signerRepo = flags.text('signer-repo');
  const isShorthand = subject === undefined && pattern === undefined && signerRepo === undefined && issuer === ACTIONS;
  if (isShorthand) {
    losses.stricter('--source-ref', 'workflows of pull requests are refused, and those of other repositories unless they are called at a tag');
    return { github: scope, ...(workflow !== undefined && { workflow: ownFile(workflow, scope) }), ...(ref !== undefined && { ref }) };
  }
  losses.weaker('--repo', 'who signs is named in full, so that which repository was built is not asked for');
  if (ref !== undefined) losses.weaker('--source-ref', 'who signs is named in full, so that the ref is not asked for');
  if (subject !== undefined) return { issuer, subject };
  if (pattern !== undefined) return { issuer, subjectPattern: wholeOf(pattern) };
  const prefix = workflow ?? signerRepo ?? scope.replace(/\*$/, '');
  return { issuer, subjectPattern: `https://github\\.com/${escapeRe2(prefix)}${workflow === undefined ? '/.*' : '(?:@.*)?'}` };
}

/** `OWNER/REPO`, or `OWNER/*`. */
function scopeOf(flags: GivenFlags): string {
  const repo = flags.text('repo')?.replace(/^github\.com\//, '');
  const owner = flags.text('owner');
  if (flags.has('hostname') && flags.text('hostname') !== 'github.com') throw new TrustError('USAGE', 'other hosts than github.com cannot be said in a policy');
  if (repo !== undefined) return repo;
  if (owner !== undefined) return `${owner}/*`;
  throw new TrustError('USAGE', 'at least one of the flags in the group [owner repo] is required');
}

function ownFile(workflow: string, repository: string): string {
  const own = `${repository}/.github/workflows/`;
  return workflow.startsWith(own) && !workflow.includes('@') ? workflow.slice(own.length) : workflow;
}

const ACTIONS = 'https://token.actions.githubusercontent.com';
const FLAGS: FlagTable = {
  values: [
    ...[
      'owner',
      'repo',
      'bundle',
      'digest-alg',
      'predicate-type',
      'limit',
      'custom-trusted-root',
      'hostname',
      'cert-identity',
      'cert-identity-regex',
      'signer-repo',
    ],
    ...['signer-workflow', 'cert-oidc-issuer', 'signer-digest', 'source-digest', 'source-ref', 'format', 'jq', 'template'],
  ],
  switches: ['bundle-from-oci', 'no-public-good', 'deny-self-hosted-runners'],
  short: { o: 'owner', R: 'repo', b: 'bundle', d: 'digest-alg', L: 'limit', i: 'cert-identity-regex', q: 'jq', t: 'template' },
};
