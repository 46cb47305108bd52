/**
 * Which part of an identity a place in it is.
 *
 *   https://github.com/OWNER/REPOSITORY/.github/workflows/FILE@refs/tags/TAG          Fulcio, for workflows
 *   https://gitlab.com/GROUP/SUBGROUP/PROJECT//.gitlab-ci.yml@refs/heads/BRANCH       and for pipelines
 *   name@example.com                                                                  mailboxes and service accounts
 */
export type Area = 'host' | 'owner' | 'repository' | 'workflow' | 'ref' | 'tag' | 'mailbox' | 'domain' | 'other';

/** Of what follows `before`, which is an identity up to there. `whole` tells a mailbox from a URL where `before` does not. */
export function areaAfter(before: string, whole: string): Area {
  if (isMailbox(whole)) return before.includes('@') ? 'domain' : 'mailbox';
  const path = /^(?:https?:\/\/)?([^/]*)(\/[\s\S]*)?$/.exec(before)?.[2];
  if (path === undefined) return 'host';
  if (!FORGE.test(whole)) return 'other';
  const at = path.lastIndexOf('@');
  if (at >= 0) return refArea(path.slice(at + 1));
  if (path.includes('//')) return 'workflow';
  const segments = path.split('/').length - 1;
  return segments === 1 ? 'owner' : segments === 2 ? 'repository' : 'workflow';
}

/** Where paths are owners and repositories; elsewhere they are namespaces, accounts, anything. */
const FORGE = /git|codeberg|bitbucket|buildkite/;

/** A tag is what releases are made of, and a branch that is named in part was named on purpose. */
function refArea(ref: string): Area {
  if (ref.startsWith('refs/tags/')) return 'tag';
  return /^(?:refs\/heads\/|refs\/|re?f?s?|)$/.test(ref) || ref.startsWith('refs/pull') ? 'ref' : 'other';
}

export function isMailbox(identity: string): boolean {
  return identity.includes('@') && !identity.includes('/');
}
