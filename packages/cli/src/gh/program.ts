/** The compatible face of GitHub's CLI, for attestations: its flags, texts and exit statuses (slsa.md section 3). */
import { runTool, type Tool } from '../cobra/program.ts';
import type { Io } from '../io.ts';
import { COMMANDS } from './commands.ts';

const GH: Tool = {
  name: 'gh',
  title: "Works with GitHub's artifact attestations, as gh does.",
  globals: [],
  commands: COMMANDS,
  misuse: (message, usage, io) => io.stderr(`${message}\n\n${usage}`),
  fail: (message, _, io) => io.stderr(`${message}\n`),
};

/** Returns the exit status: 0, 1, or 4 when nobody is logged in. */
export async function gh(argv: readonly string[], io: Io): Promise<number> {
  const [group, ...rest] = argv;
  return runTool(GH, group === 'at' ? ['attestation', ...rest] : argv, io);
}
