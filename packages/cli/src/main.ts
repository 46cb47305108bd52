/** The entry of every executable: which face of the command line is asked for. Nothing is loaded that the other face needs. */
import { type Io, processIo } from './io.ts';

/** `programName` is the name under which the program was started: as `cosign` it is that tool. Returns the exit status. */
export async function main(argv: readonly string[], programName: string, io: Io = processIo()): Promise<number> {
  const [first, ...rest] = argv;
  if (programName === 'cosign') return runCosign(argv, io);
  if (first === 'cosign') return runCosign(rest, io);
  const { native } = await import('./native/run.ts');
  return native(argv, io);
}

async function runCosign(argv: readonly string[], io: Io): Promise<number> {
  const { cosign } = await import('./cosign/program.ts');
  return cosign(argv, io);
}
