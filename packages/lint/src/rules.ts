/** Every rule: what it is called for ever, how bad it is, and why. */
import type { Severity } from './finding.ts';

export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** What it finds. */
  readonly summary: string;
  /** What somebody gains by it, and what to do. */
  readonly why: string;
}

const rule = <const Id extends string>(id: Id, severity: Severity, summary: string, why: string): Rule & { readonly id: Id } => ({
  id,
  severity,
  summary,
  why,
});

export const RULES = [
  rule(
    'identity-anyone',
    'error',
    'a pattern of identities or issuers that strangers satisfy',
    'Whoever has an account can sign what passes such a check. Name the workflow, the mailbox or the issuer.',
  ),
  rule(
    'identity-unanchored',
    'error',
    'a pattern that is searched for, without ^ and $',
    'A pattern is looked for anywhere in the identity by cosign, gh and policies: without ^ and $ it also holds for longer names that contain it.',
  ),
  rule(
    'unescaped-dot',
    'warning',
    'a dot in a pattern that is meant as a dot',
    'In a pattern . stands for any character, so that other hosts, files and tags match. Write \\. instead.',
  ),
  rule(
    'identity-greedy',
    'error',
    'a pattern whose wildcard spans owner, workflow or ref',
    'A wildcard there admits workflows and branches that nobody reviewed, pull requests among them. Name the workflow and the kind of ref.',
  ),
  rule(
    'owner-only',
    'warning',
    'a check that any repository of the owner passes',
    'An artifact of any repository of that owner, however little it is guarded, passes as the one that was meant. Name the repository, or better its workflow.',
  ),
  rule(
    'repository-only',
    'note',
    'an identity that any workflow and ref of the repository has',
    'Every workflow on every branch can sign with it, also one that is added on a branch. Name the workflow and the ref that releases.',
  ),
  rule(
    'pattern-invalid',
    'error',
    'a pattern that is not RE2',
    'The tools read patterns in the syntax of RE2 and refuse this one, so that nothing is ever verified.',
  ),
  rule(
    'issuer-missing',
    'error',
    'an identity without the issuer that vouches for it',
    'A name means nothing without who vouched for it: another issuer may hand out the same one. cosign demands it since version 2.',
  ),
  rule(
    'identity-missing',
    'error',
    'a verification that does not say who must have signed',
    'That something is signed says nothing; anyone can sign. cosign demands an identity or a key since version 2.',
  ),
  rule(
    'check-disabled',
    'warning',
    'a flag or setting that leaves a check out',
    'What is left out is exactly what would tell of a stolen key, a misused certificate or somebody on the way.',
  ),
  rule('result-ignored', 'error', 'a verification whose outcome changes nothing', 'When a failed verification does not stop what follows, it protects nobody.'),
  rule(
    'sign-by-tag',
    'warning',
    'an image that is signed or attested by its tag',
    'A tag may have moved since the build: what gets signed is whatever it points to now. Sign the digest that the push has printed.',
  ),
  rule(
    'image-by-tag',
    'warning',
    'an image that is used by its tag',
    'A tag can be moved after it was verified or reviewed; a digest is the content itself. `assay pin` writes verified digests.',
  ),
  rule(
    'deploy-by-tag',
    'warning',
    'an image that is verified, and then used by its tag',
    'Between the two the tag may move: what runs is not what was verified. Resolve the digest once, and use it for both.',
  ),
  rule(
    'action-not-pinned',
    'warning',
    'an action or reusable workflow by tag or branch',
    'Whoever can move that tag runs code in the workflow, with its secrets and its identity. Name the commit, with the version as a comment.',
  ),
  rule(
    'installer-not-pinned',
    'warning',
    'an installation of whatever is newest',
    'What is installed changes without a change here, and nothing compares it with what was reviewed. Name a version, and verify what was downloaded.',
  ),
  rule(
    'checksums-unverified',
    'warning',
    'checksums that are downloaded and trusted',
    'Who can replace the files can replace the checksums beside them. Verify the signature of the checksums first.',
  ),
  rule(
    'lookalike-host',
    'error',
    'a host that looks like a known one and is not',
    'Readers take it for the known host, and whoever owns it answers instead. Identities with it never match, or match the wrong one.',
  ),
  rule(
    'foreign-host',
    'warning',
    "a host that bears a known service's name under somebody else's domain",
    'It may be your own server, or a mirror of somebody who can change what passes through. If it is yours, say so with --allow-host.',
  ),
  rule(
    'mirror-host',
    'warning',
    'a mirror or proxy of a known host',
    'Whoever runs the mirror can change what passes through it, and identities that name it do not exist. Name the real host; configure mirrors elsewhere.',
  ),
  rule(
    'deprecated',
    'note',
    'a flag, command or variable that is deprecated',
    'It prints warnings, is ignored, or will go away, and often leaves out evidence that the newer way carries.',
  ),
  rule(
    'ignore-comment',
    'note',
    'an assay-lint-ignore that cannot be followed',
    'An exception names a rule that exists and says why: assay-lint-ignore RULE reason.',
  ),
] as const satisfies readonly Rule[];

export type RuleId = (typeof RULES)[number]['id'];

export function ruleOf(id: string): Rule | undefined {
  return BY_ID.get(id);
}

const BY_ID: ReadonlyMap<string, Rule> = new Map(RULES.map((one) => [one.id, one]));
