/** Flags that commands of slsa-verifier share (slsa.md section 1.2), and those that it does not have: they say where trust and log proofs come from. */
import { UsageError } from '../cobra/failure.ts';
import { bool, list, text } from '../cobra/flag.ts';
import type { FlagSpec, ParsedFlags } from '../cobra/pflag.ts';

export const BUILDER_ID = text('builder-id', 'the builder that must have made it, NAME or NAME@VERSION');
export const SOURCE_URI = text('source-uri', 'the repository it must be built from, e.g. github.com/OWNER/REPOSITORY');
export const PRINT_PROVENANCE = bool('print-provenance', 'print the verified statement to standard output');
export const WORKFLOW_INPUT = list('build-workflow-input', 'an input that the workflow must have been started with, KEY=VALUE; may be repeated');

/** How it must have been built. */
export const BUILD_FLAGS: readonly FlagSpec[] = [
  SOURCE_URI,
  BUILDER_ID,
  text('source-branch', 'the branch it must be built from'),
  text('source-tag', 'the tag it must be built from'),
  text('source-versioned-tag', 'the version of the tag it must be built from: v1, v1.2 or v1.2.3'),
  WORKFLOW_INPUT,
];

/** Ours. */
export const TRUST_FLAGS: readonly FlagSpec[] = [
  text('trusted-root', 'trusted_root.json of the Sigstore instance (default: public Sigstore, or ASSAY_TRUST)'),
  bool('offline', 'open no socket (or ASSAY_OFFLINE=1)'),
  bool('explain', 'show every check on standard error'),
];

export const LOG_FLAGS: readonly FlagSpec[] = [
  text('rekor-url', 'the log to search for provenance that carries no log proof', { default: 'https://rekor.sigstore.dev' }),
  text('save-bundle', 'keep the provenance together with its log proof in this file, to verify it without network'),
];

/** `k=v` pairs by name. */
export function inputsOf(flags: ParsedFlags): ReadonlyMap<string, string> {
  const pairs = flags.list('build-workflow-input').map((pair): [string, string] => {
    const [name, value, ...more] = pair.split('=');
    if (name !== undefined && value !== undefined && more.length === 0) return [name, value];
    throw new UsageError(
      `invalid argument ${JSON.stringify(pair)} for "--build-workflow-input" flag: invalid format: expected 'key=value' format, got '${pair}'`,
    );
  });
  return new Map(pairs);
}

/** As it was given; '' is a demand as well. */
export function given(flags: ParsedFlags, name: string): string | undefined {
  return flags.given(name) ? flags.text(name) : undefined;
}
