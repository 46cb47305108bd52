/** The commands of cosign: what each is for, and where it is. */
import type { CommandEntry } from '../cobra/command.ts';

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'verify-blob', summary: 'Verify a signature on a blob', load: async () => (await import('./verify-blob.ts')).command },
  { name: 'verify-blob-attestation', summary: 'Verify an attestation on a blob', load: async () => (await import('./verify-blob-attestation.ts')).command },
];
