/**
 * ImageValidatingPolicies as native policies, as far as their expressions are of the common form:
 *
 *   LISTS.map(image, CALL > 0).all(e, e > 0)      or  .all(image, CALL > 0)
 *   CALL   verifyImageSignatures(image, [attestors.a, …])  |  verifyAttestationSignatures(image, attestations.x, [attestors.a, …])
 */

import type { ImageValidatingPolicy } from '../image-validating-policy/policy.ts';
import type { Cosign, Spec } from '../image-validating-policy/types.ts';
import { problemOfPattern } from '../native/image-pattern.ts';
import { API_VERSION, KIND, type NativeDemands, type NativeDocument, type NativeSigner } from '../native/schema.ts';
import type { Losses } from './loss.ts';
import { wholeOf } from './pattern.ts';

export function fromImageValidatingPolicy({ name, namespace, spec }: ImageValidatingPolicy, losses: Losses): readonly NativeDocument[] {
  const images = imagesOf(spec, losses);
  for (const field of ['matchConditions', 'images', 'variables'] as const) {
    if (spec[field].length > 0) losses.stricter(`spec.${field}`, 'what it leaves out is judged too');
  }
  if (
    spec.matchConstraints?.objectSelector !== undefined ||
    spec.matchConstraints?.namespaceSelector !== undefined ||
    spec.matchConstraints?.excludeResourceRules !== undefined
  )
    losses.stricter('spec.matchConstraints', 'objects that it leaves out are judged too');
  const parts = spec.validations.flatMap(({ expression }, i) => partOf(expression, `spec.validations[${i}].expression`, spec, losses));
  const [first] = parts;
  const demands = first === undefined ? { decision: 'deny' as const } : parts.length === 1 ? first : { all: parts };
  if (first === undefined) losses.stricter('spec.validations', 'no expression of the common form is left: nothing is let in');
  const isEnforced = spec.validationActions.length === 0 || spec.validationActions.includes('Deny');
  return [
    {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name },
      spec: {
        ...(images !== undefined && { images }),
        ...(namespace !== '' && { match: { namespaces: [namespace] } }),
        ...demands,
        ...(!isEnforced && { mode: 'warn' as const }),
      },
    },
  ];
}

/** Undefined: all. */
function imagesOf({ matchImageReferences }: Spec, losses: Losses): string[] | undefined {
  if (matchImageReferences.length === 0) return undefined;
  const patterns = matchImageReferences.map(({ glob }, i) => {
    const path = `spec.matchImageReferences[${i}]`;
    if (glob === undefined || /[?{[\\!]/.test(glob)) {
      losses.stricter(path, 'the reference cannot be said: every image is covered');
      return '**';
    }
    const starred = glob.replace(/\*+/g, '**');
    const at = starred.indexOf('@');
    const named = at < 0 ? starred : starred.slice(0, at);
    const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
    const repository = colon < 0 ? named : named.slice(0, colon);
    if (colon >= 0 && named.slice(colon) !== ':**') losses.stricter(path, `what is written covers all of ${repository}, whatever the tag`);
    if (problemOfPattern(repository) === undefined) return repository;
    losses.stricter(path, 'the reference cannot be said: every image is covered');
    return '**';
  });
  return patterns.includes('**') ? undefined : [...new Set(patterns)];
}

/** An expression that is not of the form is not asked for. */
function partOf(expression: string, path: string, spec: Spec, losses: Losses): readonly NativeDemands[] {
  const text = expression.replace(/\s+/g, ' ').trim();
  const [, variable = '', call = '', after] = FORM.exec(text) ?? [];
  const [, image, attestation, names = ''] = CALL.exec(call) ?? [];
  const isWhole = image === variable && (after === undefined ? / > 0$/.test(call) : true);
  if (image === undefined || !isWhole) {
    losses.weaker(path, 'the expression is not of the common form, and not asked for');
    return [];
  }
  const wanted = [...names.matchAll(/attestors\.(\w+)|attestors\["([^"]+)"\]/g)].map(([, plain, quoted]) => plain ?? quoted ?? '');
  const signers = wanted.flatMap((name) => signersOf(name, spec, losses));
  if (signers.length === 0) return [{ decision: 'deny' }];
  const from = fromOf(wanted, spec, losses);
  if (attestation === undefined) return [{ signers, ...from }];
  const type = spec.attestations.find(({ name }) => name === attestation)?.intoto?.type;
  if (type === undefined) {
    losses.stricter(path, `the attestation ${attestation} is no in-toto statement: nothing satisfies it`);
    return [{ decision: 'deny' }];
  }
  return [{ signers, attestations: [{ type }], ...from }];
}

const LISTS = String.raw`\(?images\.\w+(?: ?\+ ?images\.\w+)*\)?`;
const CALLED = String.raw`verify(?:Image|Attestation)Signatures\([^()]*\)(?: > 0)?`;
const FORM = new RegExp(String.raw`^${LISTS}\.(?:all|map)\((\w+), (${CALLED})\)(\.all\((\w+), \4 > 0\))?$`);
const CALL = /^verify(?:Image|Attestation)Signatures\((\w+), ?(?:attestations\.(\w+), ?)?\[([^\]]*)\]\)/;

function cosignOf(name: string, { attestors }: Spec): Cosign | undefined {
  return attestors.find((one) => one.name === name)?.cosign;
}

function signersOf(name: string, spec: Spec, losses: Losses): readonly NativeSigner[] {
  const path = `spec.attestors[${spec.attestors.findIndex((one) => one.name === name)}]`;
  const cosign = cosignOf(name, spec);
  const leave = (where: string, says: string): readonly NativeSigner[] => {
    losses.stricter(`${path}${where}`, `${says}: the attestor is left out`);
    return [];
  };
  if (cosign === undefined) return leave('', 'it is none of cosign');
  const { key, keyless, ctlog, annotations, trustedRoot, tuf } = cosign;
  if (trustedRoot !== undefined || tuf !== undefined) losses.weaker(`${path}.cosign`, "the root is public Sigstore's, or one that trust names");
  if (annotations !== undefined) losses.weaker(`${path}.cosign.annotations`, 'what was signed with the image is not asked for');
  if ([ctlog?.rekorPubKey, ctlog?.ctLogPubKey, ctlog?.tsaCertChain].some((one) => one !== undefined))
    losses.weaker(`${path}.cosign.ctlog`, "logs and timestamp authorities are those of the root: public Sigstore's, or one that trust names");
  const log = ctlog?.insecureIgnoreTlog === true ? { log: 'ignored' as const } : {};
  if (key !== undefined) {
    if (key.data === undefined) return leave('.cosign.key', 'the key is not in the policy');
    const hash = key.hashAlgorithm?.toLowerCase();
    return [{ key: key.data, ...((hash === 'sha384' || hash === 'sha512') && { hash }), ...(Object.keys(log).length > 0 && { trust: log }) }];
  }
  if (keyless === undefined) return leave('.cosign', 'certificates of a policy cannot be said');
  if (keyless.roots !== undefined) losses.weaker(`${path}.cosign.keyless.roots`, "the root is public Sigstore's, or one that trust names");
  if (keyless.additionalExtensions !== undefined)
    losses.weaker(`${path}.cosign.keyless.additionalExtensions`, 'is not asked for; say it with github, tag and branch instead');
  const trust = { ...log, ...(ctlog?.insecureIgnoreSCT === true && { sct: 'ignored' as const }) };
  return keyless.identities.flatMap(({ issuer, issuerRegExp, subject, subjectRegExp, subjectExpression }, i): readonly NativeSigner[] => {
    if (subjectExpression !== undefined) return leave(`.cosign.keyless.identities[${i}].subjectExpression`, 'a name that is computed cannot be said');
    return [
      {
        ...(issuer !== undefined ? { issuer } : { issuerPattern: wholeOf(issuerRegExp ?? '') }),
        ...(subject !== undefined ? { subject } : { subjectPattern: wholeOf(subjectRegExp ?? '') }),
        ...(Object.keys(trust).length > 0 && { trust }),
      },
    ];
  });
}

function fromOf(names: readonly string[], spec: Spec, losses: Losses): Pick<NativeDemands, 'from'> {
  const sources = names.map((name) => cosignOf(name, spec)?.source);
  const [first] = sources;
  if (sources.some((one) => JSON.stringify(one) !== JSON.stringify(first)))
    losses.weaker('spec.attestors', 'evidence lies where that of the first attestor does');
  const from = {
    ...(first?.repository !== undefined && { repository: first.repository }),
    ...(first?.tagPrefix !== undefined && { tagPrefix: first.tagPrefix }),
  };
  return Object.keys(from).length > 0 ? { from } : {};
}
