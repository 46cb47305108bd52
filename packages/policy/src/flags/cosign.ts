/** `cosign verify`, `verify-attestation`, `verify-blob`, `verify-blob-attestation` (cosign.md section 4). */
import { quote, TrustError } from '@assay/core';
import type { Losses } from '../convert/loss.ts';
import { wholeOf } from '../convert/pattern.ts';
import type { NativeAttestation, NativeSigner, NativeSpec, NativeTrust } from '../native/schema.ts';
import { imagePatterns } from './images.ts';
import { type FlagTable, type GivenFlags, parseFlags } from './parse-flags.ts';
import type { FlagWords } from './read-flags.ts';

export function readCosign({ words: [command = '', ...words], env }: FlagWords, losses: Losses): NativeSpec {
  if (!COMMANDS.includes(command)) throw new TrustError('USAGE', `cosign ${quote(command)} is no verification`, { expected: COMMANDS.join(', ') });
  const flags = parseFlags(words, FLAGS);
  const isBlob = command.includes('blob');
  const isAttestation = command.includes('attestation');
  const repository = env.get('COSIGN_REPOSITORY');
  const trust = trustOf(flags, losses);
  const annotations = Object.fromEntries(flags.all('annotations').map(annotationOf));
  tellLost(flags, losses);
  return {
    ...(!isBlob && { images: [...imagePatterns(flags.positionals)] }),
    signers: [signerOf(flags)],
    ...(Object.keys(trust).length > 0 && { trust }),
    ...(isAttestation && { attestations: [attestationOf(flags, losses)] }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ...(repository !== undefined && repository !== '' && { from: { repository } }),
  };
}

function signerOf(flags: GivenFlags): NativeSigner {
  const key = flags.text('key');
  if (key !== undefined) {
    if (/^\w+:\/\//.test(key))
      throw new TrustError('USAGE', `the key ${quote(key)} is kept elsewhere`, { hint: 'write it to a file: cosign public-key --key … > cosign.pub' });
    const hash = flags.text('signature-digest-algorithm');
    return { key, ...((hash === 'sha256' || hash === 'sha384' || hash === 'sha512') && { hash }) };
  }
  const subject = flags.text('certificate-identity');
  const subjectPattern = flags.text('certificate-identity-regexp');
  const issuer = flags.text('certificate-oidc-issuer');
  const issuerPattern = flags.text('certificate-oidc-issuer-regexp');
  if ((subject ?? subjectPattern) === undefined || (issuer ?? issuerPattern) === undefined) {
    throw new TrustError('USAGE', 'who must have signed is not said', { expected: '--key, or --certificate-identity and --certificate-oidc-issuer' });
  }
  return {
    ...(issuer !== undefined ? { issuer } : { issuerPattern: wholeOf(issuerPattern ?? '') }),
    ...(subject !== undefined ? { subject } : { subjectPattern: wholeOf(subjectPattern ?? '') }),
  };
}

function trustOf(flags: GivenFlags, losses: Losses): NativeTrust {
  const file = flags.text('trusted-root');
  for (const name of ['certificate-chain', 'ca-roots', 'ca-intermediates', 'timestamp-certificate-chain', 'rekor-public-key']) {
    if (flags.has(name))
      losses.weaker(`--${name}`, 'authorities are those of a trusted root: the default one is used; make one of it, and name that with trust.file');
  }
  return {
    ...(file !== undefined && { file }),
    ...((flags.isOn('insecure-ignore-tlog') || flags.isOn('private-infrastructure')) && { log: 'ignored' as const }),
    ...(flags.isOn('insecure-ignore-sct') && !flags.has('key') && { sct: 'ignored' as const }),
    ...(flags.isOn('use-signed-timestamps') && { timestamp: 'required' as const }),
  };
}

function attestationOf(flags: GivenFlags, losses: Losses): NativeAttestation {
  const type = flags.text('type') ?? 'custom';
  const policies = flags.all('policy');
  const [cue] = policies.filter((file) => file.endsWith('.cue'));
  const [rego] = policies.filter((file) => file.endsWith('.rego'));
  if (policies.length > [cue, rego].filter((one) => one !== undefined).length)
    losses.weaker('--policy', 'one file of CUE and one of Rego can be named: the others are not asked for');
  if (policies.length > 0) losses.weaker('--policy', 'one statement that holds is enough: every one had to');
  return { type, ...(cue !== undefined && { cue }), ...(rego !== undefined && { rego }) };
}

function tellLost(flags: GivenFlags, losses: Losses): void {
  for (const name of ['name', 'ref', 'repository', 'sha', 'trigger'].map((one) => `certificate-github-workflow-${one}`)) {
    if (flags.has(name)) losses.weaker(`--${name}`, 'is not asked for; say it with github, workflow, tag and branch instead');
  }
  if (flags.has('check-claims') && !flags.isOn('check-claims')) losses.stricter('--check-claims', 'what was signed must name this very image');
  if (flags.isOn('local-image')) losses.stricter('--local-image', 'images are those of a registry');
}

function annotationOf(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new TrustError('USAGE', `not an annotation: ${quote(text)}`, { expected: 'key=value' });
  return [text.slice(0, at), text.slice(at + 1)];
}

const COMMANDS = ['verify', 'verify-attestation', 'verify-blob', 'verify-blob-attestation'];
const FLAGS: FlagTable = {
  values: [
    ...[
      'key',
      'certificate-identity',
      'certificate-identity-regexp',
      'certificate-oidc-issuer',
      'certificate-oidc-issuer-regexp',
      'annotations',
      'type',
      'policy',
    ],
    ...['name', 'ref', 'repository', 'sha', 'trigger'].map((name) => `certificate-github-workflow-${name}`),
    ...[
      'trusted-root',
      'timestamp-certificate-chain',
      'certificate',
      'certificate-chain',
      'ca-roots',
      'ca-intermediates',
      'sct',
      'signature',
      'bundle',
      'payload',
    ],
    ...[
      'rekor-url',
      'rekor-public-key',
      'signature-digest-algorithm',
      'output',
      'output-file',
      'attachment',
      'attachment-tag-prefix',
      'max-workers',
      'slot',
      'digest',
      'digestAlg',
    ],
    ...[
      'rfc3161-timestamp',
      'registry-username',
      'registry-password',
      'registry-token',
      'registry-cacert',
      'registry-client-cert',
      'registry-client-key',
      'timeout',
    ],
    ...['registry-server-name', 'registry-referrers-mode'],
  ],
  switches: [
    ...[
      'insecure-ignore-tlog',
      'insecure-ignore-sct',
      'private-infrastructure',
      'use-signed-timestamps',
      'check-claims',
      'local-image',
      'offline',
      'new-bundle-format',
    ],
    ...['allow-insecure-registry', 'allow-http-registry', 'experimental-oci11', 'k8s-keychain', 'verbose'],
  ],
  short: { a: 'annotations', o: 'output', d: 'verbose', t: 'timeout' },
};
