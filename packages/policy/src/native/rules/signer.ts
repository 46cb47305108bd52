/** Whether a signer is one that can be looked for. */
import { isTrustError, parsePublicKeyPem } from '@assay/core';
import type { NativeSigner, RuleProblem } from '../schema.ts';
import { problemOfRe2 } from './re2.ts';

export function problemsOfSigner(signer: NativeSigner): readonly RuleProblem[] {
  const kinds = kindsOf(signer);
  if (kinds.length !== 1)
    return [problem([], `one of github, gitlab, key, or issuer and subject was expected, found ${kinds.join(' and ') || 'none of them'}`)];
  const [kind = ''] = kinds;
  return [...misplaced(signer, kind), ...(kind === 'key' ? keyProblems(signer) : kind === 'identity' ? identityProblems(signer) : forgeProblems(signer))];
}

function kindsOf({ github, gitlab, key, issuer, issuerPattern, subject, subjectPattern }: NativeSigner): readonly string[] {
  const identity = [issuer, issuerPattern, subject, subjectPattern].some((value) => value !== undefined);
  const given = { github: github !== undefined, gitlab: gitlab !== undefined, key: key !== undefined, identity };
  return Object.entries(given).flatMap(([name, there]) => (there ? [name] : []));
}

function misplaced(signer: NativeSigner, kind: string): readonly RuleProblem[] {
  const isForge = kind === 'github' || kind === 'gitlab';
  const onlyForges = (['workflow', 'tag', 'branch', 'ref'] as const).filter((name) => signer[name] !== undefined && !isForge);
  return [
    ...onlyForges.map((name) => problem([name], 'goes with github or gitlab')),
    ...(signer.hash !== undefined && kind !== 'key' ? [problem(['hash'], 'goes with key')] : []),
    ...(kind === 'key' && signer.trust?.sct !== undefined ? [problem(['trust', 'sct'], 'is about certificates; a key has none')] : []),
    ...(signer.trust?.root !== undefined && signer.trust.file !== undefined ? [problem(['trust'], 'root and file exclude each other')] : []),
  ];
}

function forgeProblems({ github, gitlab, workflow, tag, branch, ref }: NativeSigner): readonly RuleProblem[] {
  const refs = Object.entries({ tag, branch, ref }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return [
    ...(github !== undefined && !/^[\w.-]+\/(?:[\w.-]+|\*)$/.test(github) ? [problem(['github'], 'OWNER/REPOSITORY was expected')] : []),
    ...(gitlab !== undefined && !/^[\w.-]+(?:\/[\w.-]+)+$/.test(gitlab) ? [problem(['gitlab'], 'GROUP/PROJECT was expected')] : []),
    ...(refs.length > 1 ? [problem([], `${refs.join(' and ')} exclude each other`)] : []),
    ...(ref !== undefined && !/^refs\/./.test(ref) ? [problem(['ref'], 'a whole ref was expected, as refs/heads/main; otherwise say branch or tag')] : []),
    ...(workflow === undefined ? [] : workflowProblems(workflow, github !== undefined)),
  ];
}

function workflowProblems(workflow: string, isGithub: boolean): readonly RuleProblem[] {
  if (!isGithub) return /^[\w./-]+$/.test(workflow) ? [] : [problem(['workflow'], 'the path of a pipeline file was expected, as .gitlab-ci.yml')];
  if (/^(?:(?:[\w.-]+\/[\w.-]+\/)?\.github\/workflows\/)?[\w.-]+\.ya?ml(?:@.+)?$/.test(workflow)) {
    const isForeign = /^[\w.-]+\/[\w.-]+\/\.github\//.test(workflow);
    return workflow.includes('@') && !isForeign ? [problem(['workflow'], 'its ref is that of the repository: say tag, branch or ref')] : [];
  }
  return [problem(['workflow'], 'a workflow file was expected, as release.yml or OWNER/REPOSITORY/.github/workflows/FILE')];
}

function identityProblems({ issuer, issuerPattern, subject, subjectPattern }: NativeSigner): readonly RuleProblem[] {
  const pair = (exact: string | undefined, pattern: string | undefined, name: string, missing: string): readonly RuleProblem[] => {
    if (exact !== undefined && pattern !== undefined) return [problem([], `${name} and ${name}Pattern exclude each other`)];
    if (exact === undefined && pattern === undefined) return [problem([], missing)];
    const says = pattern === undefined ? undefined : problemOfRe2(pattern);
    return says === undefined ? [] : [problem([`${name}Pattern`], says)];
  };
  return [
    ...pair(issuer, issuerPattern, 'issuer', 'an identity means nothing without who vouched for it: name the issuer too'),
    ...pair(subject, subjectPattern, 'subject', 'an issuer vouches for everyone: name the subject too'),
  ];
}

/** Files are read later. */
function keyProblems({ key = '' }: NativeSigner): readonly RuleProblem[] {
  if (!key.includes('-----BEGIN')) return /^\w+:\/\//.test(key) ? [problem(['key'], 'PEM or a file was expected; keys kept elsewhere are exported first')] : [];
  try {
    parsePublicKeyPem(key);
    return [];
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return [problem(['key'], error.message)];
  }
}

function problem(path: readonly (string | number)[], says: string): RuleProblem {
  return { path, says };
}
