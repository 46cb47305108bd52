/**
 * What is known of a build, in one vocabulary, whoever says it: a certificate authority that has seen the platform's token, or the predicate that was
 * signed. Two sets of facts can be compared (agreement.ts), and a demand is put to either in the same words.
 */

/** A member is absent where its source says nothing. Texts are the platform's own, never lower-cased or shortened. */
export interface BuildFacts {
  /** `https://github.com/owner/repository`. */
  readonly source?: string;
  /** In full: `refs/heads/main`, `refs/tags/v1.2.3`. */
  readonly ref?: string;
  /** Hex of the Git commit. */
  readonly commit?: string;
  /** The workflow that was started: `https://github.com/owner/repository/.github/workflows/release.yml@refs/tags/v1.2.3`. */
  readonly workflow?: string;
  /** The workflow whose job built and signed; the same as `workflow`, unless that calls a reusable one. */
  readonly builder?: string;
  /** `push`, `workflow_dispatch`, `pull_request`, … */
  readonly trigger?: string;
  /** `github-hosted`, `self-hosted`, … */
  readonly runner?: string;
  /** `https://github.com/owner/repository/actions/runs/1/attempts/1`. */
  readonly run?: string;
}

export type BuildFact = keyof BuildFacts;

/** In words, for messages. */
export const FACT_WORDS: Readonly<Record<BuildFact, string>> = {
  source: 'the source repository',
  ref: 'the branch or tag',
  commit: 'the commit',
  workflow: 'the workflow',
  builder: 'the builder',
  trigger: 'the event that started the build',
  runner: 'where it ran',
  run: 'the run',
};
