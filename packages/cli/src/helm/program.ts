/** The compatible face of helm, for charts in registries: its flags, texts and exit statuses. */
import { runTool } from '../cobra/program.ts';
import type { Io } from '../io.ts';
import { commandsOf } from './commands.ts';
import { GLOBAL_FLAGS } from './flags.ts';

/** `programName` is how it is called in texts: `helm` or `assay chart`. Returns the exit status. */
export async function helm(programName: string, argv: readonly string[], io: Io): Promise<number> {
  const tool = {
    name: programName,
    title: 'Packages charts, and exchanges them with registries, as helm does.',
    globals: GLOBAL_FLAGS,
    commands: commandsOf(programName),
    fail(message: string, isUnknownCommand: boolean, { stderr }: Io) {
      stderr(`Error: ${message}\n${isUnknownCommand ? `Run '${programName} --help' for usage.\n` : ''}`);
    },
  };
  return runTool(tool, argv, io);
}
