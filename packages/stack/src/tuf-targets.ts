/**
 * What the instance publishes through TUF (services.md section 10): the documents of today's clients, and for those before them every key and
 * certificate as a file of its own, told apart by `custom`.
 */
import { encodePem, utf8 } from '@assay/core';
import { jsonFile } from './json-file.ts';
import { oldSigningConfigJson, type Published, type PublishedAuthority, type PublishedLog, signingConfigJson, trustedRootJson } from './published.ts';
import type { TufTarget } from './tuf/index.ts';

export function tufTargets(published: Published): TufTarget[] {
  return [
    { name: 'trusted_root.json', bytes: jsonFile(trustedRootJson(published)) },
    { name: 'signing_config.v0.2.json', bytes: jsonFile(signingConfigJson(published)) },
    { name: 'signing_config_rekor_v2.v0.2.json', bytes: jsonFile(signingConfigJson(published, ['rekor-v2'])) },
    { name: 'signing_config.json', bytes: jsonFile(oldSigningConfigJson(published)) },
    ...published.certificateAuthorities.flatMap((authority, i) => certificates(authority, 'Fulcio', ['fulcio_intermediate', 'fulcio'], i)),
    ...published.timestampAuthorities.flatMap((authority, i) => certificates(authority, 'TSA', ['tsa_leaf', 'tsa_root'], i)),
    ...published.rekorV1.map((log, i) => publicKey(log, 'Rekor', 'rekor', i)),
    ...published.ctLogs.map((log, i) => publicKey(log, 'CTFE', 'ctfe', i)),
  ];
}

function certificates({ chain, url, end }: PublishedAuthority, usage: Usage, names: readonly string[], i: number): TufTarget[] {
  return chain.map((certificate, at) => ({
    name: `${numbered(names[at] ?? `${names[0]}_${at}`, i)}.crt.pem`,
    bytes: utf8(encodePem('CERTIFICATE', certificate)),
    custom: custom(usage, url, end),
  }));
}

function publicKey({ key, url, end }: PublishedLog, usage: Usage, name: string, i: number): TufTarget {
  return { name: `${numbered(name, i)}.pub`, bytes: utf8(encodePem('PUBLIC KEY', key.spki)), custom: custom(usage, url, end) };
}

type Usage = 'Fulcio' | 'TSA' | 'Rekor' | 'CTFE';

function custom(usage: Usage, uri: string, end: Date | undefined): Readonly<Record<string, unknown>> {
  return { sigstore: { usage, status: end === undefined ? 'Active' : 'Expired', uri } };
}

/** `rekor`, then `rekor_2`. */
function numbered(name: string, i: number): string {
  return i === 0 ? name : `${name}_${i + 1}`;
}
