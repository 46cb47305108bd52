/**
 * `github: acme/app` and `gitlab: group/project` as the identities that the forge's certificates have (slsa.md section 4).
 *
 * The workflow that signs names itself in the certificate's subject, and others may call it: so the repository that was built is demanded too, and where a
 * tag or a branch is, the ref of that repository. Refs of pull requests are nobody's release.
 */
import type { IdentityPattern, TextPattern } from '../model.ts';
import { escapeRe2 } from './re2-text.ts';
import type { NativeSigner } from './schema.ts';

export function forgeIdentity(signer: NativeSigner): IdentityPattern {
  return signer.github === undefined ? gitlabIdentity(signer, signer.gitlab ?? '') : githubIdentity(signer, signer.github);
}

function githubIdentity(signer: NativeSigner, repository: string): IdentityPattern {
  const workflow = workflowOf(signer);
  const source = glob(`https://github.com/${repository}`, ONE_NAME);
  const ref = refOf(signer);
  const refs = ref ?? BRANCHES_AND_TAGS;
  const isOwn = workflow.repository === undefined;
  const file = workflow.file === undefined ? regexp('[^@/]+') : exact(workflow.file);
  const theirs = workflow.ref === undefined ? regexp('refs/tags/.+') : exact(workflow.ref);
  return {
    subject: joined([
      isOwn ? source : exact(`https://github.com/${workflow.repository}`),
      exact('/.github/workflows/'),
      file,
      exact('@'),
      isOwn ? refs : theirs,
    ]),
    issuer: exact('https://token.actions.githubusercontent.com'),
    extensions: {
      sourceRepositoryUri: source,
      ...(ref !== undefined && { sourceRepositoryRef: ref }),
      ...(!isOwn && ref === undefined && { sourceRepositoryRef: BRANCHES_AND_TAGS }),
    },
  };
}

function gitlabIdentity(signer: NativeSigner, project: string): IdentityPattern {
  const ref = refOf(signer);
  const source = exact(`https://gitlab.com/${project}`);
  return {
    subject: joined([source, exact(`//${signer.workflow ?? '.gitlab-ci.yml'}@`), ref ?? BRANCHES_AND_TAGS]),
    issuer: exact('https://gitlab.com'),
    extensions: { sourceRepositoryUri: source, ...(ref !== undefined && { sourceRepositoryRef: ref }) },
  };
}

interface WorkflowName {
  /** Undefined: the signer's own. */
  readonly repository?: string;
  /** Undefined: any. */
  readonly file?: string;
  readonly ref?: string;
}

function workflowOf({ workflow }: NativeSigner): WorkflowName {
  if (workflow === undefined) return {};
  const [, repository, file = '', ref] = /^(?:(?:([\w.-]+\/[\w.-]+)\/)?\.github\/workflows\/)?([\w.-]+)(?:@(.+))?$/.exec(workflow) ?? [];
  return { ...(repository !== undefined && { repository }), file, ...(ref !== undefined && { ref }) };
}

/** Undefined: none is demanded. */
function refOf({ tag, branch, ref }: NativeSigner): TextPattern | undefined {
  const wanted = ref ?? (tag === undefined ? branch && `refs/heads/${branch}` : `refs/tags/${tag}`);
  return wanted === undefined ? undefined : glob(wanted, '.*');
}

/** `*` stands for `any`; `{tag}` for the tag of the image. */
function glob(text: string, any: string): TextPattern {
  if (!text.includes('*')) return exact(text);
  return regexp(text.split('*').map(escapeKeepingTag).join(any), text);
}

function exact(text: string): TextPattern {
  return { kind: 'exact', text, ...(text.includes('{tag}') && { tag: true }) };
}

function regexp(pattern: string, written = pattern): TextPattern {
  return { kind: 'regexp', pattern, mode: 'whole', ...(written.includes('{tag}') && { tag: true }) };
}

/** One text where all parts are, else one pattern. */
function joined(parts: readonly TextPattern[]): TextPattern {
  const texts = parts.flatMap((part) => (part.kind === 'exact' ? [part.text] : []));
  if (texts.length === parts.length) return exact(texts.join(''));
  const patterns = parts.map((part) => (part.kind === 'exact' ? escapeKeepingTag(part.text) : part.kind === 'regexp' ? part.pattern : ''));
  return regexp(patterns.join(''));
}

function escapeKeepingTag(text: string): string {
  return text.split('{tag}').map(escapeRe2).join('{tag}');
}

const ONE_NAME = '[^/@]+';
const BRANCHES_AND_TAGS: TextPattern = { kind: 'regexp', pattern: 'refs/(?:heads|tags)/.+', mode: 'whole' };
