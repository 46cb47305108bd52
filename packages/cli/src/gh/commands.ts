/** The commands that we have of GitHub's CLI: what each is for, and where it is. */
import type { CommandEntry } from '../cobra/command.ts';

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'attestation verify',
    summary: 'Verify who built an artifact, from which source, by its attestations',
    load: async () => (await import('./verify.ts')).command,
  },
  {
    name: 'attestation download',
    summary: 'Download the attestations of an artifact, to verify it without network',
    load: async () => (await import('./download.ts')).command,
  },
  {
    name: 'attestation inspect',
    summary: 'Show what a Sigstore bundle says, without judging who says it',
    hidden: true,
    load: async () => (await import('./inspect.ts')).command,
  },
  {
    name: 'attestation trusted-root',
    summary: 'Print a trusted_root.jsonl, to verify without network',
    load: async () => (await import('./trusted-root.ts')).command,
  },
];
