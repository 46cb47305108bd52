/** cosign's command lines: who must have signed, and what is left out. */

import type { Arguments, Flag, FlagRules } from '../read/tool.ts';
import { anchorOf, argumentsIn, flagStretch, isMention, isUnsure, type Seen, stretch } from './command.ts';
import { checkDeprecated } from './deprecated.ts';
import { checkPattern, issuerFor } from './identity.ts';
import { checkSignedByTag, isLocal } from './images.ts';

export function checkCosign(seen: Seen): void {
  const given = argumentsIn(seen, COSIGN_FLAGS);
  const [subcommand] = given.positionals;
  const name = subcommand?.text ?? '';
  if (!COMMANDS.test(name)) return;
  checkPatterns(seen, given);
  if (isMention(seen, given, 2)) return;
  checkDeprecated(seen, given, name);
  if (VERIFY.test(name)) {
    checkSigner(seen, given);
    checkDisabled(seen, given);
  }
  if (name === 'sign' || name === 'attest') checkSignedByTag(seen, given.positionals.slice(1), subcommand);
}

/** Also of a command that is only mentioned. */
function checkPatterns(seen: Seen, given: Arguments): void {
  const { page, script } = seen;
  for (const { name, value } of given.flags) {
    const of = PATTERNS[name];
    if (of !== undefined && value !== undefined) checkPattern(page, page.valueOf(script.excerpt, value), { of, mode: 'search' }, anchorOf(seen));
  }
}

function checkSigner(seen: Seen, given: Arguments): void {
  const { page, command, tool } = seen;
  if (isUnsure(seen, given)) return;
  const isSet = (...names: string[]): boolean => names.some((name) => page.variables.has(name) || command.assignments.some((one) => one.name === name));
  if (given.flag('key', 'sk', 'k') !== undefined || isSet('COSIGN_KEY')) return;
  const identity = given.flag(...IDENTITY);
  const anchor = anchorOf(seen);
  if (identity === undefined) {
    if (isSet('COSIGN_CERTIFICATE_IDENTITY', 'COSIGN_CERTIFICATE_IDENTITY_REGEXP')) return;
    const place = stretch(seen, tool.word, given.positionals[0]);
    const issuer = given.flag(...ISSUER) === undefined ? ' --certificate-oidc-issuer ISSUER' : '';
    page.report('identity-missing', place, {
      says: 'it does not say who must have signed',
      correction: `${page.text.slice(place.start, place.end)} --certificate-identity IDENTITY${issuer}`,
      anchor,
    });
  } else if (given.flag(...ISSUER) === undefined && !isSet('COSIGN_CERTIFICATE_OIDC_ISSUER', 'COSIGN_CERTIFICATE_OIDC_ISSUER_REGEXP')) {
    reportIssuer(seen, identity, '--certificate-oidc-issuer');
  }
}

/** An identity whose issuer nobody has named. */
export function reportIssuer(seen: Seen, identity: Flag, flag: string): void {
  const { page, script } = seen;
  const place = flagStretch(seen, identity);
  const issuer = issuerFor(identity.value === undefined ? '' : page.valueOf(script.excerpt, identity.value).text);
  page.report('issuer-missing', place, {
    says: 'the issuer that must have vouched for the identity is not named',
    correction: `${page.text.slice(place.start, place.end)} ${flag} ${issuer}`,
    fixable: issuer !== 'ISSUER',
    anchor: anchorOf(seen),
  });
}

function checkDisabled(seen: Seen, given: Arguments): void {
  for (const flag of given.flags) {
    const says = DISABLED[flag.name];
    const isOff = flag.value?.text === 'false' || flag.value?.text === '0';
    if (says === undefined || isOff !== (flag.name === 'check-claims')) continue;
    if (flag.name === 'insecure-ignore-tlog' && given.flag('use-signed-timestamps') !== undefined) continue;
    if (flag.name === 'allow-insecure-registry' && given.positionals.slice(1).every(({ text }) => isLocal(seen.page.expand(text)))) continue;
    seen.page.report('check-disabled', flagStretch(seen, flag), { says, correction: '', anchor: anchorOf(seen) });
  }
}

const COMMANDS =
  /^(?:(?:verify|sign|attest)(?:-attestation|-blob|-blob-attestation)?|attach|copy|dockerfile|manifest|generate|triangulate|upload|download|clean|save|load|tree)$/;
const VERIFY = /^verify/;
const IDENTITY = ['certificate-identity', 'certificate-identity-regexp', 'cert-identity', 'certificate-email', 'cert-email'];
const ISSUER = ['certificate-oidc-issuer', 'certificate-oidc-issuer-regexp', 'cert-oidc-issuer'];
const PATTERNS: Readonly<Record<string, 'identity' | 'issuer'>> = {
  'certificate-identity-regexp': 'identity',
  'certificate-oidc-issuer-regexp': 'issuer',
};
const DISABLED: Readonly<Record<string, string>> = {
  'insecure-ignore-tlog': 'nothing shows that the signature is on public record, nor when it was made',
  'private-infrastructure': 'it leaves out the transparency log without a word; it is deprecated besides',
  'insecure-ignore-sct': 'a certificate that no log has on record is accepted',
  'allow-insecure-registry': 'anybody on the way can answer for the registry',
  'check-claims': 'a signature of another image is accepted',
};
const COSIGN_FLAGS: FlagRules = {
  switches: new Set(
    (
      'sk insecure-ignore-sct offline use-signed-timestamps insecure-ignore-tlog private-infrastructure experimental-oci11 new-bundle-format allow-certificate-chain' +
      ' check-claims local-image allow-http-registry allow-insecure-registry k8s-keychain insecure-skip-verify oidc-disable-ambient-providers use-signing-config tlog-upload' +
      ' issue-certificate yes recursive upload record-creation-timestamp no-upload replace b64 verbose force sig-only help'
    ).split(' '),
  ),
  short: { a: 'annotations', o: 'output', d: 'verbose', t: 'timeout', y: 'yes', r: 'recursive', f: 'force', h: 'help' },
};
