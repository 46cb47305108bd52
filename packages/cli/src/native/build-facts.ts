/** What was verified of a build: for people, and as JSON. */
import type { VerifiedBuildFacts } from './judging.ts';

/** In the order in which people ask. */
export function buildLines({ facts, builder, level }: VerifiedBuildFacts): [string, string][] {
  const { source, ref, commit, trigger, runner, run } = facts;
  const lines: [string, string | undefined][] = [
    ['source', source === undefined || ref === undefined ? source : `${source} ${ref}`],
    ['commit', commit],
    ['built by', builder],
    ['started by', trigger === undefined || runner === undefined ? trigger : `${trigger}, ${runner}`],
    ['run', run],
    ['supports', level === 0 ? undefined : `SLSA Build level ${level}`],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

export function buildJson({ facts, builder, level, digest }: VerifiedBuildFacts): object {
  return { ...facts, ...(builder !== undefined && { builder }), slsaBuildLevel: level, ...(digest !== undefined && { digest }) };
}
