/** The signers of a policy as the model has them: who signs under the same rules stands together, and any of them is enough. */
import { type PublicKey, parsePublicKeyPem, parseTrustedRoot, type TrustedRoot } from '@assay/core';
import type { IdentityPattern, RootReference, Rules, Signer, TextPattern, Who } from '../model.ts';
import { forgeIdentity } from './forge.ts';
import type { NativeSigner, NativeTrust } from './schema.ts';

/** Files that a policy names. */
export interface PolicyFiles {
  /** Relative to the policy. Errors: `FILE_…`; `POLICY_INVALID` where there are no files. */
  read(path: string): Uint8Array;
}

export interface NamedSigner extends Signer {
  /** For messages: whom one would look for. */
  readonly name: string;
}

/** Errors: `KEY_PARSE`, `TRUST_ROOT_PARSE`, those of reading files. */
export function signersOf(signers: readonly NativeSigner[], trust: NativeTrust, files: PolicyFiles): readonly NamedSigner[] {
  const groups = new Map<string, { who: Who; trust: NativeTrust; names: string[] }>();
  for (const signer of signers) {
    const own = mergedTrust(trust, signer.trust);
    const who = whoOf(signer, files);
    const name = JSON.stringify([who.kind, who.kind === 'keys' ? who.hashes : [], Object.entries(own).sort()]);
    const group = groups.get(name);
    groups.set(name, { who: group === undefined ? who : together(group.who, who), trust: own, names: [...(group?.names ?? []), signerName(signer)] });
  }
  return [...groups.values()].map(({ who, trust: own, names }) => ({ who, rules: rulesOf(own, files), name: names.join(' or ') }));
}

/** Whoever says more decides. */
export function mergedTrust(outer: NativeTrust = {}, inner: NativeTrust = {}): NativeTrust {
  const namesRoot = inner.root !== undefined || inner.file !== undefined;
  const { root: _root, file: _file, ...others } = outer;
  return { ...(namesRoot ? others : outer), ...inner };
}

/** As a person would say it. */
export function signerName({ github, gitlab, workflow, tag, branch, ref, key, issuer, issuerPattern, subject, subjectPattern }: NativeSigner): string {
  if (key !== undefined) return key.includes('-----BEGIN') ? 'the key of the policy' : `the key ${key}`;
  const repository = github === undefined ? gitlab && `gitlab.com/${gitlab}` : `github.com/${github}`;
  if (repository === undefined) return `${subject ?? `/${subjectPattern}/`} (${issuer ?? `/${issuerPattern}/`})`;
  const at = tag === undefined ? (branch === undefined ? ref : `branch ${branch}`) : `tag ${tag}`;
  return `${repository}${workflow === undefined ? '' : `, ${workflow}`}${at === undefined ? '' : ` at ${at}`}`;
}

/** Errors: `KEY_PARSE`, those of reading files. */
export function keyOf(key: string, files: PolicyFiles): PublicKey {
  return parsePublicKeyPem(key.includes('-----BEGIN') ? key : new TextDecoder().decode(files.read(key)));
}

export function identityOf(signer: NativeSigner): IdentityPattern {
  const { issuer, issuerPattern, subject, subjectPattern } = signer;
  if (signer.github !== undefined || signer.gitlab !== undefined) return forgeIdentity(signer);
  return { issuer: textPattern(issuer, issuerPattern), subject: textPattern(subject, subjectPattern) };
}

function whoOf(signer: NativeSigner, files: PolicyFiles): Who {
  if (signer.key === undefined) return { kind: 'identities', identities: [identityOf(signer)] };
  return { kind: 'keys', keys: [keyOf(signer.key, files)], ...(signer.hash !== undefined && { hashes: [signer.hash] }) };
}

function together(a: Who, b: Who): Who {
  if (a.kind === 'keys' && b.kind === 'keys') return { ...a, keys: [...a.keys, ...b.keys] };
  if (a.kind === 'identities' && b.kind === 'identities') return { kind: 'identities', identities: [...a.identities, ...b.identities] };
  throw new TypeError('keys and identities do not stand together');
}

function textPattern(text: string | undefined, pattern: string | undefined): TextPattern {
  if (text !== undefined) return { kind: 'exact', text, ...(text.includes('{tag}') && { tag: true }) };
  return { kind: 'regexp', pattern: pattern ?? '', mode: 'whole', ...(pattern?.includes('{tag}') === true && { tag: true }) };
}

function rulesOf({ root, file, log, sct, timestamp }: NativeTrust, files: PolicyFiles): Rules {
  const from: RootReference = root !== undefined ? { name: root } : file !== undefined ? { root: rootIn(file, files) } : 'default';
  return {
    authorities: from,
    ctLogs: from,
    logs: from,
    timestamps: from,
    log: log ?? 'required',
    sct: sct ?? 'required',
    timestamp: timestamp ?? 'optional',
  };
}

function rootIn(file: string, files: PolicyFiles): TrustedRoot {
  return parseTrustedRoot(files.read(file));
}
