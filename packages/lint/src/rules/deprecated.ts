/** What cosign 3 and its neighbours still accept, and for how long (cosign.md section 0.2). */
import type { Arguments, Flag } from '../read/tool.ts';
import { anchorOf, flagStretch, type Seen, stretch } from './command.ts';

export function checkDeprecated(seen: Seen, given: Arguments, command: string): void {
  const says = COMMANDS[command];
  const [word] = given.positionals;
  const anchor = anchorOf(seen);
  if (says !== undefined && word !== undefined) seen.page.report('deprecated', stretch(seen, seen.tool.word, word), { says, anchor });
  const flags = /^verify/.test(command) ? VERIFY : /^(?:sign|attest)/.test(command) ? SIGN : {};
  for (const flag of given.flags) checkFlag(seen, flag, flags[flag.name]);
}

function checkFlag(seen: Seen, flag: Flag, says: string | undefined): void {
  const { page } = seen;
  const place = flagStretch(seen, flag);
  const anchor = anchorOf(seen);
  const renamed = RENAMED[flag.name];
  if (says !== undefined) {
    page.report('deprecated', place, { says: `--${flag.name}: ${says}`, correction: instead(flag), anchor });
  } else if (renamed !== undefined || flag.hasOneDash) {
    const correction = `--${renamed ?? flag.name}${page.text.slice(place.start, place.end).replace(/^--?[\w-]+/, '')}`;
    page.report('deprecated', place, { says: `it is written --${renamed ?? flag.name}`, correction, fixable: true, anchor });
  }
}

/** What a flag with an evident successor becomes; '' goes away without one. */
function instead({ name, value }: Flag): string | undefined {
  if (BUNDLED.has(name)) return '--bundle FILE.sigstore.json';
  if (TRUSTED.has(name)) return '--trusted-root trusted_root.json';
  if (name === 'new-bundle-format') return value?.text === 'false' ? undefined : '';
  return USELESS.has(name) ? '' : undefined;
}

const ROOT = 'certificates of authorities come from --trusted-root';
const BUNDLE = 'the bundle carries it, with the proof of the log: --bundle';
const CONFIG = 'services come from --signing-config';
const VERIFY: Readonly<Record<string, string>> = {
  certificate: BUNDLE,
  cert: BUNDLE,
  signature: BUNDLE,
  payload: 'it is read from the bundle',
  sct: 'the bundle carries it',
  'rfc3161-timestamp': BUNDLE,
  'certificate-chain': ROOT,
  'cert-chain': ROOT,
  'ca-roots': ROOT,
  'ca-intermediates': ROOT,
  'timestamp-certificate-chain': ROOT,
  offline: 'give --bundle and --trusted-root instead',
  'rekor-url': 'the bundle carries the proof of the log',
  'experimental-oci11': 'referrers are looked for in any case',
  'signature-digest-algorithm': 'the bundle says it',
  attachment: 'attachments are found as referrers',
  'new-bundle-format': 'it will be the only format',
  'certificate-email': 'it is gone since version 2: --certificate-identity',
  'cert-email': 'it is gone since version 2: --certificate-identity',
};
const SIGN: Readonly<Record<string, string>> = {
  'output-signature': BUNDLE,
  'output-certificate': BUNDLE,
  'output-cert': BUNDLE,
  'output-payload': BUNDLE,
  'output-attestation': BUNDLE,
  'rfc3161-timestamp': BUNDLE,
  'rfc3161-timestamp-bundle': BUNDLE,
  b64: 'the bundle encodes what it carries',
  'fulcio-url': CONFIG,
  'rekor-url': CONFIG,
  'timestamp-server-url': CONFIG,
  'oidc-issuer': CONFIG,
  'tlog-upload': 'give a --signing-config without a log instead',
  'issue-certificate': 'it will go away',
  'record-creation-timestamp': 'bundles do not have it',
  replace: 'referrers make it needless',
  'attachment-tag-prefix': 'referrers have no tags',
  'sign-container-identity': 'referrers do not have it',
  'insecure-skip-verify': 'the SCT is not verified when signing',
  attachment: 'attachments are referrers',
  'new-bundle-format': 'it will be the only format',
};
const BUNDLED: ReadonlySet<string> = new Set([
  'certificate',
  'cert',
  'signature',
  'output-signature',
  'output-certificate',
  'output-cert',
  'output-attestation',
]);
const TRUSTED: ReadonlySet<string> = new Set(['certificate-chain', 'cert-chain', 'ca-roots', 'ca-intermediates', 'timestamp-certificate-chain']);
const USELESS: ReadonlySet<string> = new Set([
  'experimental-oci11',
  'record-creation-timestamp',
  'replace',
  'b64',
  'insecure-skip-verify',
  'signature-digest-algorithm',
]);
const RENAMED: Readonly<Record<string, string>> = { 'cert-identity': 'certificate-identity', 'cert-oidc-issuer': 'certificate-oidc-issuer' };
const COMMANDS: Readonly<Record<string, string>> = {
  attach: 'attach an SBOM as an attestation: cosign attest --type cyclonedx --predicate FILE IMAGE@DIGEST',
  copy: 'copy with a tool that takes referrers along, as oras cp -r or assay copy',
  dockerfile: 'verify the base images by name',
  generate: 'the payload is made when signing',
  manifest: 'verify the images by name',
  triangulate: 'cosign tree or oras discover show what belongs to an image',
  upload: 'push with a tool of the registry, as oras or crane',
};
