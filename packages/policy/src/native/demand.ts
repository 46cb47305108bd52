/** What a native policy demands, as the model has it. */
import { PREDICATE_TYPES, quote } from '@assay/core';
import { type BuildDemands, parseSourceRepository } from '@assay/slsa';
import type { AttestedDemand, Condition, Demand, IdentityPattern, NamedImage, Places, TextPattern, ValueTest } from '../model.ts';
import { durationSeconds } from './duration.ts';
import { parsePath } from './json-path.ts';
import { escapeRe2 } from './re2-text.ts';
import { ISOLATED_BUILDERS } from './rules/build.ts';
import type { NativeAttestation, NativeBuild, NativeDemands, NativeSigner, NativeSpec, NativeTrust, NativeWhere } from './schema.ts';
import { mergedTrust, type NamedSigner, type PolicyFiles, signersOf } from './signers.ts';

/** `spec`: without problems. Errors: those of reading what it names. */
export function demandOfSpec(spec: NativeSpec, files: PolicyFiles): Demand {
  const { any, all = [] } = spec;
  const within = (part: NativeDemands) => demandOfBlock(inherited(part, spec), files, 'has no parts');
  const parts: Demand[] = [
    ...blockDemands(spec, files, any === undefined && all.length === 0 ? 'has no parts' : 'has parts'),
    ...(any === undefined ? [] : [{ kind: 'any' as const, of: any.map(within) }]),
    ...all.map(within),
  ];
  return joined(parts);
}

/** What a part does not say, its policy does; `signature`, `annotations` and demands are its own. */
export function inherited(part: NativeDemands, { signers, trust, from, maxAge }: NativeDemands): NativeDemands {
  return {
    ...part,
    ...(part.signers === undefined && signers !== undefined && { signers }),
    ...((trust ?? part.trust) !== undefined && { trust: mergedTrust(trust, part.trust) }),
    ...(part.from === undefined && from !== undefined && { from }),
    ...(part.maxAge === undefined && maxAge !== undefined && { maxAge }),
  };
}

/** The demand for one image: `{tag}` of builds stands for its tag. What the image does not tell, nothing satisfies. */
export function forImage(demand: Demand, image: NamedImage): Demand {
  switch (demand.kind) {
    case 'all':
    case 'any':
    case 'count':
      return { ...demand, of: demand.of.map((one) => forImage(one, image)) };
    case 'shown':
      return { ...demand, of: forImage(demand.of, image) };
    case 'signed':
    case 'attested':
      return demand.build === undefined ? demand : withBuildRef(demand, demand.build, image);
    case 'static':
    case 'never':
      return demand;
  }
}

function withBuildRef(demand: Extract<Demand, { kind: 'signed' | 'attested' }>, build: BuildDemands, { tag, text }: NamedImage): Demand {
  const { ref } = build;
  if (ref === undefined || !ref.name.includes('{tag}')) return demand;
  if (tag === undefined) return { kind: 'never', says: `a build of the tag of the image is demanded, and ${quote(text)} is named by its digest alone` };
  return { ...demand, build: { ...build, ref: { ...ref, name: ref.name.replaceAll('{tag}', () => tag) } } };
}

function demandOfBlock(block: NativeDemands, files: PolicyFiles, parts: 'has parts' | 'has no parts'): Demand {
  return joined(blockDemands(block, files, parts));
}

function joined(parts: readonly Demand[]): Demand {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : { kind: 'all', of: parts };
}

function blockDemands(block: NativeDemands, files: PolicyFiles, parts: 'has parts' | 'has no parts'): Demand[] {
  const { decision, message = '', attestations = [], build } = block;
  if (decision !== undefined) return [{ kind: 'static', admits: decision === 'admit', message }];
  return [
    ...(demandsSignature(block, parts) ? [signature(block, files)] : []),
    ...attestations.map((attestation) => attested(attestation, block, files)),
    ...(build === undefined ? [] : [provenance(build, block, files)]),
  ];
}

/** A statement that was signed shows as well who signs; so a signature is demanded where nothing else is, or where it is asked for. */
export function demandsSignature({ signature, annotations, signers, attestations, build }: NativeDemands, parts: 'has parts' | 'has no parts'): boolean {
  if (signature !== undefined) return signature === 'required';
  if (annotations !== undefined) return true;
  return signers !== undefined && attestations === undefined && build === undefined && parts === 'has no parts';
}

function signature(block: NativeDemands, files: PolicyFiles): Demand {
  const { annotations } = block;
  return byAny(signersOf(block.signers ?? [], block.trust ?? {}, files), (by) => ({
    kind: 'signed',
    name: `signed by ${by.name}`,
    by,
    from: placesOf(block),
    ...(annotations !== undefined && { annotations }),
    ...ageOf(block.maxAge),
  }));
}

function attested(attestation: NativeAttestation, block: NativeDemands, files: PolicyFiles): Demand {
  const { type, signers = block.signers ?? [], maxAge = block.maxAge } = attestation;
  const conditions = conditionsOf(attestation, files);
  return byAny(signersOf(signers, block.trust ?? {}, files), (by) => ({
    kind: 'attested',
    name: `${type} by ${by.name}`,
    predicateType: PREDICATE_TYPES.get(type) ?? type,
    by,
    from: placesOf(block),
    // Of several, one that holds is enough: so whoever adds evidence takes nothing away, and whoever removes some lets nothing in.
    which: 'some',
    conditions,
    ...ageOf(maxAge),
  }));
}

/** Of either version. */
function provenance(build: NativeBuild, block: NativeDemands, files: PolicyFiles): Demand {
  const demands = buildDemands(build);
  const signers = provenanceSigners(build, block.signers);
  const who = signers === undefined ? [jobsOf(demands, block.trust, files)] : signersOf(signers, block.trust ?? {}, files);
  const of = who.flatMap((by) =>
    PROVENANCE.map((predicateType): AttestedDemand => {
      const isolated = build.level === 3 ? onlyIsolated(by) : by;
      const name = `provenance of a build of ${build.source}${signers === undefined ? '' : ` by ${by.name}`}`;
      return {
        kind: 'attested',
        name,
        predicateType,
        by: isolated,
        from: placesOf(block),
        which: 'some',
        conditions: [],
        build: demands,
        ...ageOf(build.maxAge ?? block.maxAge),
      };
    }),
  );
  return { kind: 'any', name: `provenance of a build of ${build.source}`, of };
}

/** Undefined: any job of the forge, of which the demands on the build say which. Who signs an image seldom signs for its builder as well. */
export function provenanceSigners({ source, signers }: NativeBuild, ofPolicy: readonly NativeSigner[] | undefined): readonly NativeSigner[] | undefined {
  return signers ?? (parseSourceRepository(source).forge === undefined ? ofPolicy : undefined);
}

function buildDemands({ source, tag, branch, commit, builder, trigger, selfHosted, level }: NativeBuild): BuildDemands {
  return {
    source: parseSourceRepository(source),
    ref: tag !== undefined ? { kind: 'tag', name: tag } : branch !== undefined ? { kind: 'branch', name: branch } : undefined,
    commit,
    builder,
    trigger,
    // A platform's own machines are what level 2 asks for beyond the signature.
    selfHosted: selfHosted ?? ((level ?? 1) > 1 ? 'refused' : undefined),
  };
}

/** Any job of the forge may have signed: which one it was, the build's demands decide. */
function jobsOf({ source: { host, forge } }: BuildDemands, trust: NativeTrust | undefined, files: PolicyFiles): NamedSigner {
  const subjectPattern = `https://${escapeRe2(host)}/.*`;
  const [signer] = signersOf([{ subjectPattern, issuer: forge?.issuer ?? '' }], trust ?? {}, files);
  if (signer === undefined) throw new TypeError('one signer was given');
  return { ...signer, name: `a job of ${host}` };
}

/** Level 3: a builder that keeps the signing away from the build, at a release (slsa.md section 1.5). */
function onlyIsolated(by: NamedSigner): NamedSigner {
  const { who } = by;
  if (who.kind !== 'identities') return by;
  const isolated = (subject: TextPattern): TextPattern => ({ kind: 'both', of: [subject, ISOLATED] });
  return { ...by, who: { ...who, identities: who.identities.map((one): IdentityPattern => ({ ...one, subject: isolated(one.subject) })) } };
}

const ISOLATED: TextPattern = { kind: 'regexp', pattern: `${escapeRe2(ISOLATED_BUILDERS)}[^/@]+@refs/tags/v\\d+\\.\\d+\\.\\d+`, mode: 'whole' };

function byAny(signers: readonly NamedSigner[], demand: (by: NamedSigner) => Demand): Demand {
  const of = signers.map(demand);
  const [first] = of;
  return of.length === 1 && first !== undefined ? first : { kind: 'any', of };
}

function conditionsOf({ type, where = [], cue, rego }: NativeAttestation, files: PolicyFiles): Condition[] {
  return [
    ...where.flatMap(valueConditions),
    ...(cue === undefined ? [] : [{ language: 'cue', text: textOf(cue, '.cue', files), name: type } as const]),
    ...(rego === undefined ? [] : [{ language: 'rego', text: textOf(rego, '.rego', files), name: type } as const]),
  ];
}

/** A file, when it is named like one. */
export function textOf(text: string, ending: '.cue' | '.rego', files: PolicyFiles): string {
  return isFileName(text, ending) ? new TextDecoder('utf-8', { fatal: true }).decode(files.read(text)) : text;
}

function isFileName(text: string, ending: string): boolean {
  return text.endsWith(ending) && !/[\n{}]/.test(text);
}

/** One for each test. */
export function valueConditions({ path, equals, in: values, matches, atLeast, atMost, exists }: NativeWhere): Condition[] {
  const tests: ValueTest[] = [
    ...(equals === undefined ? [] : [{ kind: 'equals', value: equals } as const]),
    ...(values === undefined ? [] : [{ kind: 'in', values } as const]),
    ...(matches === undefined ? [] : [{ kind: 'matches', pattern: pattern(matches) } as const]),
    ...(atLeast === undefined ? [] : [{ kind: 'least', value: atLeast } as const]),
    ...(atMost === undefined ? [] : [{ kind: 'most', value: atMost } as const]),
    ...(exists === undefined ? [] : [{ kind: exists ? 'present' : 'absent' } as const]),
  ];
  return tests.map((test) => ({ language: 'values', path: parsePath(path) ?? [], test }));
}

function pattern(text: string): TextPattern {
  return { kind: 'regexp', pattern: text, mode: 'whole', ...(text.includes('{tag}') && { tag: true }) };
}

function placesOf({ from }: NativeDemands): Places {
  return {
    ...(from?.repository !== undefined && { repository: from.repository }),
    ...(from?.tagPrefix !== undefined && { tagPrefix: from.tagPrefix }),
  };
}

function ageOf(maxAge: string | undefined): { readonly maxAgeSeconds?: number } {
  const seconds = maxAge === undefined ? undefined : durationSeconds(maxAge);
  return seconds === undefined ? {} : { maxAgeSeconds: seconds };
}

const PROVENANCE = ['https://slsa.dev/provenance/v1', 'https://slsa.dev/provenance/v0.2'] as const;
