/** The commands: what each is for, and where it is. */
import type { CommandEntry } from '../cobra/command.ts';

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'apply', summary: 'Apply policies to resources', load: async () => (await import('./apply.ts')).command },
  { name: 'test', summary: 'Run the tests of a folder', load: async () => (await import('./test.ts')).command },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    load: async () => (await import('../cobra/completion.ts')).completionCommand('kyverno'),
  },
  {
    name: '__complete',
    summary: 'Candidates for shell completion',
    hidden: true,
    load: async () => (await import('../cobra/complete.ts')).completeCommand({ commands: COMMANDS, globals: [] }),
  },
];
