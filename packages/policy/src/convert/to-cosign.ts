/** Native policies as command lines of cosign, one for each thing that is demanded: all of them must end well. */
import { TrustError } from '@assay/core';
import { split } from '../native/image-pattern.ts';
import type { NativeAttestation, NativeDocument, NativeSigner, NativeTrust } from '../native/schema.ts';
import { identityOf, mergedTrust } from '../native/signers.ts';
import { atomsOf, type EvidenceAtom } from './atoms.ts';
import type { Losses } from './loss.ts';
import { plain, searchOf } from './pattern.ts';

/** Errors: `USAGE` for what no command line can say. */
export function toCosign({ spec }: NativeDocument, losses: Losses): readonly string[] {
  for (const name of ['exclude', 'match', 'exceptions'] as const)
    if (spec[name] !== undefined) losses.stricter(`spec.${name}`, 'the image that is named is judged, whatever it is');
  if (spec.mode === 'warn') losses.stricter('spec.mode', 'the command fails where the policy only warned');
  const [only] = spec.images ?? [];
  const image = spec.images?.length === 1 && only !== undefined && !only.includes('*') ? split(only).repository : 'IMAGE';
  return atomsOf(spec).map((list) => {
    const [atom, ...more] = list;
    if (atom === undefined || atom.kind === 'decision') throw cannot('a decision without evidence');
    if (more.length > 0) throw cannot(`one of several (${atom.path})`);
    return lineOf(atom, image, losses);
  });
}

function lineOf(atom: EvidenceAtom, image: string, losses: Losses): string {
  const { path, signers, trust, from, maxAge } = atom;
  const [signer, ...more] = signers;
  if (atom.kind === 'built') throw cannot(`a build (${path}): use slsa-verifier, or assay verify --source`);
  if (signer === undefined || more.length > 0) throw cannot(`one of several signers (${path}.signers)`);
  if (maxAge !== undefined) losses.weaker(`${path}.maxAge`, 'evidence of any age is enough');
  if (from.tagPrefix !== undefined) losses.stricter(`${path}.from.tagPrefix`, 'tags of evidence have no prefix there');
  const command = atom.kind === 'attested' ? 'verify-attestation' : 'verify';
  const what =
    atom.kind === 'attested'
      ? attestationWords(atom.attestation, path, losses)
      : Object.entries(atom.annotations ?? {}).flatMap(([name, value]) => ['-a', `${name}=${value}`]);
  const words = ['cosign', command, ...signerWords(signer, path, losses), ...trustWords(mergedTrust(trust, signer.trust), path, losses), ...what, image];
  const env = from.repository === undefined ? '' : `COSIGN_REPOSITORY=${quoted(from.repository)} `;
  return `${env}${words.map(quoted).join(' ')}`;
}

function attestationWords({ type, cue, rego, where }: NativeAttestation, path: string, losses: Losses): readonly string[] {
  if (where !== undefined) losses.weaker(`${path}.where`, 'conditions are files of CUE or Rego there: this is not asked for');
  const policies = [
    ['cue', cue],
    ['rego', rego],
  ] as const;
  const files = policies.flatMap(([name, text]) => {
    if (text === undefined) return [];
    losses.stricter(`${path}.${name}`, 'every statement of the type must hold: one was enough');
    if (text.endsWith(`.${name}`)) return ['--policy', text];
    losses.weaker(`${path}.${name}`, 'conditions are files there: write the text to one, and name it with --policy');
    return [];
  });
  return ['--type', type, ...files];
}

function signerWords(signer: NativeSigner, path: string, losses: Losses): readonly string[] {
  if (signer.key !== undefined) {
    if (signer.key.includes('-----BEGIN')) throw cannot(`a key that stands in the policy (${path}.signers): write it to a file, and name that`);
    return ['--key', signer.key, ...(signer.hash === undefined ? [] : ['--signature-digest-algorithm', signer.hash])];
  }
  const { subject, issuer, extensions = {} } = identityOf(signer);
  const [name, vouching] = [plain(subject), plain(issuer)];
  if (name.hadTag || vouching.hadTag) losses.weaker(`${path}.signers`, '{tag} is not known there: any tag is enough');
  const words = [
    ...(name.exact === undefined ? ['--certificate-identity-regexp', searchOf(name.whole ?? '')] : ['--certificate-identity', name.exact]),
    ...(vouching.exact === undefined ? ['--certificate-oidc-issuer-regexp', searchOf(vouching.whole ?? '')] : ['--certificate-oidc-issuer', vouching.exact]),
  ];
  if (signer.github !== undefined && !signer.github.includes('*')) {
    const ref = plain(extensions.sourceRepositoryRef ?? { kind: 'exact', text: '' });
    if (ref.exact === undefined)
      losses.weaker(`${path}.signers`, 'the ref of what was built is asked for only where it is one: otherwise that of the workflow');
    return [...words, '--certificate-github-workflow-repository', signer.github, ...(ref.exact ? ['--certificate-github-workflow-ref', ref.exact] : [])];
  }
  if (Object.keys(extensions).length > 0) losses.weaker(`${path}.signers`, 'which repository was built is not asked for, but only which workflow has signed');
  return words;
}

function trustWords({ root, file, log, sct, timestamp }: NativeTrust, path: string, losses: Losses): readonly string[] {
  if (root !== undefined) losses.weaker(`${path}.trust.root`, 'a TrustRoot of a cluster cannot be named: the default one is used');
  return [
    ...(file === undefined ? [] : ['--trusted-root', file]),
    ...(log === 'ignored' ? ['--insecure-ignore-tlog'] : []),
    ...(sct === 'ignored' ? ['--insecure-ignore-sct'] : []),
    ...(timestamp === 'required' ? ['--use-signed-timestamps'] : []),
  ];
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function cannot(what: string): TrustError {
  return new TrustError('USAGE', `no command line of cosign says ${what}`, { hint: 'convert it to another dialect, or use assay verify --policy' });
}
