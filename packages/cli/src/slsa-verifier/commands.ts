/** The commands of slsa-verifier: what each is for, and where it is. */
import type { CommandEntry } from '../cobra/command.ts';

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'verify-artifact', summary: 'Verify the provenance of files', load: async () => (await import('./verify-artifact.ts')).command },
  { name: 'verify-image', summary: 'Verify the provenance of an image', load: async () => (await import('./verify-image.ts')).command },
  { name: 'verify-npm-package', summary: 'Verify the attestations of an npm package', load: async () => (await import('./verify-npm-package.ts')).command },
  {
    name: 'verify-github-attestation',
    summary: 'Verify a file with an attestation that a builder made through GitHub',
    load: async () => (await import('./verify-github-attestation.ts')).command,
  },
  { name: 'verify-vsa', summary: 'Verify a verification summary', load: async () => (await import('./verify-vsa.ts')).command },
  { name: 'version', summary: 'Print the version', load: async () => (await import('./version.ts')).command },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    load: async () => (await import('../cobra/completion.ts')).completionCommand('slsa-verifier'),
  },
  {
    name: '__complete',
    summary: 'Candidates for shell completion',
    hidden: true,
    load: async () => (await import('../cobra/complete.ts')).completeCommand({ commands: COMMANDS, globals: [] }),
  },
];
