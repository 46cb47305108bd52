/** The compatible face of slsa-verifier: its flags, streams, texts and exit statuses over the one pipeline (slsa.md section 1). */
import { runTool, type Tool } from '../cobra/program.ts';
import type { Io } from '../io.ts';
import { COMMANDS } from './commands.ts';
import { isTesting } from './environment.ts';

const SLSA_VERIFIER: Tool = {
  name: 'slsa-verifier',
  title: 'Verifies SLSA provenance as slsa-verifier does.',
  globals: [],
  commands: COMMANDS,
  needsCommand: 'expected command',
  misuse: (message, usage, io) => io.stderr(`${usage}${message}\n`),
  fail: (message, _, io) => io.stderr(`FAILED: SLSA verification failed: ${message}\n`),
};

/** Returns the exit status, 0 or 1. */
export async function slsaVerifier(argv: readonly string[], io: Io): Promise<number> {
  if (isTesting(io)) io.stderr('WARNING: Insecure SLSA_VERIFIER_TESTING is enabled.\n');
  return runTool(SLSA_VERIFIER, argv, io);
}
