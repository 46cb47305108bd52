/** The compatible face of crane: its flags, texts and exit statuses, over the one registry client. */
import { runTool, type Tool } from '../cobra/program.ts';
import type { Io } from '../io.ts';
import { COMMANDS } from './commands.ts';
import { GLOBAL_FLAGS } from './flags.ts';

const CRANE: Tool = {
  name: 'crane',
  title: 'Copies, inspects and changes container images, as crane does.',
  globals: GLOBAL_FLAGS,
  commands: COMMANDS,
  fail(message, isUnknownCommand, io) {
    io.stderr(`Error: ${message}\n${isUnknownCommand ? "Run 'crane --help' for usage.\n" : ''}`);
  },
};

/** Returns the exit status. */
export async function crane(argv: readonly string[], io: Io): Promise<number> {
  return runTool(CRANE, argv, io);
}
