/** The compatible face of cosign: its flags, texts and exit statuses over the one pipeline (cosign.md sections 0 and 1). */
import { runTool, type Tool } from '../cobra/program.ts';
import type { Io } from '../io.ts';
import { COMMANDS } from './commands.ts';
import { ALIASES, GLOBAL_FLAGS } from './flags.ts';

const COSIGN: Tool = {
  name: 'cosign',
  title: 'Signs, stores and verifies as cosign does.',
  globals: GLOBAL_FLAGS,
  aliases: ALIASES,
  envPrefix: 'COSIGN',
  commands: COMMANDS,
  fail(message, isUnknownCommand, io) {
    const help = isUnknownCommand ? "Run 'cosign --help' for usage.\n" : '';
    io.stderr(`Error: ${message}\n${help}error during command execution: ${message}\n`);
  },
};

/** Returns the exit status. */
export async function cosign(argv: readonly string[], io: Io): Promise<number> {
  return runTool(COSIGN, fixArguments(argv, io), io);
}

/** cosign rewrites old spellings before it parses anything: `-word` to `--word`, `--o` to `-o`, `-version` to the subcommand. */
function fixArguments(argv: readonly string[], io: Io): string[] {
  return argv.map((arg) => {
    if (/^--.$/u.test(arg)) {
      const fixed = `-${arg.slice(2)}`;
      io.stderr(`WARNING: the flag ${arg} is deprecated and will be removed in a future release. Please use the flag ${fixed}.\n`);
      return fixed;
    }
    if (!/^-[^-]./u.test(arg)) return arg;
    const [fixed, kind] = arg === '-version' ? ['version', 'subcommand'] : [`-${arg}`, 'flag'];
    io.stderr(`WARNING: the ${arg} flag is deprecated and will be removed in a future release. Please use the ${fixed} ${kind} instead.\n`);
    return fixed;
  });
}
