/** The compatible face of Kyverno's command line, for policies over images: its flags, texts and exit statuses (admission.md section 8). */
import { runTool, type Tool } from '../cobra/program.ts';
import type { Io } from '../io.ts';
import { COMMANDS } from './commands.ts';

const KYVERNO: Tool = {
  name: 'kyverno',
  title: 'Applies and tests policies of Kyverno over images, as kyverno does.',
  globals: [],
  commands: COMMANDS,
  fail(message, isUnknownCommand, io) {
    if (message !== '') io.stderr(`Error: ${message}\n${isUnknownCommand ? "Run 'kyverno --help' for usage.\n" : ''}`);
  },
};

/** Returns the exit status. */
export async function kyverno(argv: readonly string[], io: Io): Promise<number> {
  return runTool(KYVERNO, argv, io);
}
