/** The entry of every executable: which face of the command line is asked for, and what an error looks like. */
import { isTrustError, type TrustError } from '@assay/core';
import { EXIT, exitOf } from './exit.ts';
import { type Io, processIo } from './io.ts';

/** `programName` is the name under which the program was started: as `cosign` it is that tool. Returns the exit status. */
export async function main(argv: readonly string[], programName: string, io: Io = processIo()): Promise<number> {
  const [first, ...rest] = argv;
  if (programName === 'cosign') return runCosign(argv, io);
  if (first === 'cosign') return runCosign(rest, io);
  try {
    const { runNative } = await import('./native/program.ts');
    return await runNative(argv, io);
  } catch (error) {
    if (!isTrustError(error)) return internal(error, io);
    io.stderr(errorText(error));
    return exitOf(error.kind);
  }
}

async function runCosign(argv: readonly string[], io: Io): Promise<number> {
  const { cosign } = await import('./cosign/program.ts');
  return cosign(argv, io);
}

/** The error, then what was expected and found, then what to do: never a stack trace. */
function errorText(error: TrustError): string {
  const lines = [`assay: ${error.message}  [${error.code}]`];
  if (error.expected !== undefined) lines.push(`  expected  ${error.expected}`);
  if (error.found !== undefined) lines.push(`  found     ${error.found}`);
  lines.push(`  try       ${error.hint}`);
  return `${lines.join('\n')}\n`;
}

/** A bug of ours. The trace is for the report, and only shown when asked for. */
function internal(error: unknown, io: Io): number {
  const message = error instanceof Error ? error.message : String(error);
  io.stderr(
    `assay: internal error: ${message}  [INTERNAL]\n  try       please report this with the command and its input; ASSAY_DEBUG=1 shows where it happened\n`,
  );
  if (io.env['ASSAY_DEBUG'] === '1' && error instanceof Error) io.stderr(`${error.stack}\n`);
  return EXIT.unavailable;
}
