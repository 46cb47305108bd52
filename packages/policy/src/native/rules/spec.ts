/** Whether demands that stand together demand something, and of somebody. */
import { parseSourceRepository } from '@assay/slsa';
import type { NativeDemands, NativeSigner, NativeSpec, RuleProblem } from '../schema.ts';

/** Parts of a policy take over what they do not say. */
export function problemsOfSpec(spec: NativeSpec): readonly RuleProblem[] {
  const parts = (['any', 'all'] as const).flatMap((name) => (spec[name] ?? []).map((part, i) => ({ path: [name, i] as const, part })));
  const own = problemsOf(spec, spec.signers, parts.length > 0);
  const theirs = parts.flatMap(({ path, part }) =>
    problemsOf(part, part.signers ?? spec.signers, false).map((one) => ({ path: [...path, ...one.path], says: one.says })),
  );
  return [...own, ...theirs];
}

function problemsOf(block: NativeDemands, signers: readonly NativeSigner[] | undefined, hasParts: boolean): readonly RuleProblem[] {
  const demanding = [...DEMANDING.filter((name) => block[name] !== undefined), ...(hasParts ? ['any or all'] : [])];
  if (block.decision !== undefined) {
    return demanding.length === 0 ? [] : [problem(['decision'], `looks at no evidence: ${demanding.join(', ')} would demand nothing`)];
  }
  return [
    ...(block.message === undefined ? [] : [problem(['message'], 'goes with decision')]),
    ...(demanding.length === 0 ? [problem([], 'nothing is demanded: name signers, attestations, build or a decision')] : []),
    ...(block.trust?.root !== undefined && block.trust.file !== undefined ? [problem(['trust'], 'root and file exclude each other')] : []),
    ...signatureProblems(block, signers, hasParts),
    ...(block.attestations ?? []).flatMap((attestation, i) =>
      attestation.signers === undefined && signers === undefined ? [problem(['attestations', i], 'nobody is named: who must have signed it?')] : [],
    ),
    ...(block.build === undefined ? [] : problemsOfProvenance(block.build, signers)),
  ];
}

const DEMANDING = ['signers', 'attestations', 'build', 'signature', 'annotations'] as const;

function signatureProblems(block: NativeDemands, signers: readonly NativeSigner[] | undefined, hasParts: boolean): readonly RuleProblem[] {
  const { signature, annotations, attestations, build } = block;
  if (signature === 'notNeeded') {
    if (annotations !== undefined) return [problem(['annotations'], 'are signed with the image, whose signature is not needed')];
    const demandsNothing = attestations === undefined && build === undefined && !hasParts;
    return demandsNothing ? [problem(['signature'], 'then nothing is demanded: name attestations or a build')] : [];
  }
  if (signers === undefined && (signature === 'required' || annotations !== undefined))
    return [problem([], 'a signature is demanded, and nobody is named: who must have signed?')];
  return [];
}

function problem(path: readonly (string | number)[], says: string): RuleProblem {
  return { path, says };
}

function problemsOfProvenance(build: NonNullable<NativeDemands['build']>, ofPolicy: readonly NativeSigner[] | undefined): readonly RuleProblem[] {
  const says = (text: string) => [{ path: ['build'], says: text }];
  const { forge, host } = sourceOf(build.source) ?? {};
  if (host === undefined) return [];
  const signers = build.signers ?? (forge === undefined ? ofPolicy : []);
  if (signers === undefined) return says(`who vouches for builds of ${host} is not known: name signers`);
  if (!signers.some(({ key }) => key !== undefined)) return [];
  if (build.builder === undefined) return says('whoever has a key can name any builder: say which one you expect, with builder');
  return (build.level ?? 1) > 1 ? says('provenance that a key has signed is of level 1') : [];
}

function sourceOf(text: string): ReturnType<typeof parseSourceRepository> | undefined {
  try {
    return parseSourceRepository(text);
  } catch {
    // Told where it stands.
    return undefined;
  }
}
