/** Policies of clusters (policy-controller, Kyverno, Flux) and our own: whose signature is enough, and which checks are left out. */
import type { Page } from '../page.ts';
import { at, mapsIn, textAt, type YamlEntry, type YamlMap, type YamlNode, type YamlScalar } from '../read/yaml.ts';
import { checkPattern, checkWildcard, issuerFor } from './identity.ts';

export function checkPolicy(page: Page, document: YamlNode): void {
  const isOurs = textAt(document, 'apiVersion')?.startsWith('assay.dev/') === true;
  for (const { map, path } of mapsIn(document)) {
    // A schema tells of keys, and sets none.
    if (path.includes('properties')) continue;
    for (const entry of map.entries) checkPolicyEntry(page, entry);
    if (isOurs) checkOurs(page, map, path);
    else checkSigner(page, map, path);
  }
}

/** What a key says by itself, whatever is around: also inputs of actions. */
export function checkPolicyEntry(page: Page, { key, node }: YamlEntry): void {
  if (node.kind !== 'scalar') return;
  const name = key.replace(/[-_]/g, '').toLowerCase();
  const of = PATTERNS[name];
  if (of !== undefined) checkPattern(page, node.value, { of, mode: 'search' });
  const says = DISABLED[name];
  if (says !== undefined && node.text === 'true') page.report('check-disabled', node.value, { says, correction: 'false', fixable: true });
}

function checkSigner(page: Page, map: YamlMap, path: readonly string[]): void {
  const last = path.at(-1);
  if (last === 'matchOIDCIdentity') {
    // Flux reads both as patterns, and searches for them.
    eachScalar(map, { issuer: 'issuer', subject: 'identity' }, (node, of) => checkPattern(page, node.value, { of, mode: 'search' }));
    return;
  }
  const isKyverno = path.includes('attestors') && last === 'keyless';
  if (isKyverno) eachScalar(map, { issuer: 'issuer', subject: 'identity' }, (node, of) => checkWildcard(page, node.value, of));
  if (last === 'identities' || isKyverno) checkBoth(page, map);
  for (const { key, node } of map.entries) {
    if (key !== 'keyless' || node.kind !== 'map' || node.entries.length === 0 || SIGNER_KEYS.some((one) => at(node, one) !== undefined)) continue;
    const [first] = node.entries;
    if (first?.node.kind === 'scalar') page.report('identity-missing', first.node.value, { says: 'keyless, and nobody in particular must have signed' });
  }
}

function checkBoth(page: Page, map: YamlMap): void {
  const subject = at(map, 'subject') ?? at(map, 'subjectRegExp');
  const issuer = at(map, 'issuer') ?? at(map, 'issuerRegExp');
  if (subject?.kind === 'scalar' && issuer === undefined) {
    page.report('issuer-missing', subject.value, {
      says: 'the issuer that must have vouched for the subject is not named',
      correction: `${page.text.slice(subject.value.start, subject.value.end)}, issuer: ${issuerFor(subject.text)}`,
    });
  } else if (issuer?.kind === 'scalar' && subject === undefined) {
    page.report('identity-missing', issuer.value, {
      says: 'whoever has an account there may have signed',
      correction: `${page.text.slice(issuer.value.start, issuer.value.end)}, subject: IDENTITY`,
    });
  }
}

function checkOurs(page: Page, map: YamlMap, path: readonly string[]): void {
  eachScalar(map, { issuerPattern: 'issuer', subjectPattern: 'identity' }, (node, of) => checkPattern(page, node.value, { of, mode: 'whole' }));
  const owner = at(map, 'github');
  if (owner?.kind === 'scalar' && owner.text.endsWith('/*')) {
    const repository = `${owner.text.slice(0, -1)}REPOSITORY`;
    page.report('owner-only', owner.value, {
      says: 'workflows of any repository of the owner may have signed',
      correction: owner.value.write?.(repository) ?? repository,
    });
  }
  if (path.at(-1) !== 'trust') return;
  for (const key of ['log', 'sct']) {
    const node = at(map, key);
    if (node?.kind === 'scalar' && node.text === 'ignored')
      page.report('check-disabled', node.value, { says: DISABLED[key === 'log' ? 'ignoretlog' : 'ignoresct'] ?? '', correction: 'required', fixable: true });
  }
}

type Of = 'identity' | 'issuer';

function eachScalar(map: YamlMap, keys: Readonly<Record<string, Of>>, visit: (node: YamlScalar, of: Of) => void): void {
  for (const [key, of] of Object.entries(keys)) {
    const node = at(map, key);
    if (node?.kind === 'scalar') visit(node, of);
  }
}

const SIGNER_KEYS = ['identities', 'subject', 'subjectRegExp', 'issuer', 'issuerRegExp'];
const PATTERNS: Readonly<Record<string, Of>> = {
  subjectregexp: 'identity',
  issuerregexp: 'issuer',
  certificateidentityregexp: 'identity',
  certidentityregexp: 'identity',
  certificateoidcissuerregexp: 'issuer',
  cosigncertificateidentityregexp: 'identity',
  cosigncertificateoidcissuerregexp: 'issuer',
};
const DISABLED: Readonly<Record<string, string>> = {
  ignoretlog: 'nothing shows that the signature is on public record, nor when it was made',
  insecureignoretlog: 'nothing shows that the signature is on public record, nor when it was made',
  ignoresct: 'a certificate that no log has on record is accepted',
  insecureignoresct: 'a certificate that no log has on record is accepted',
};
