/** `assay stack up`: a private Sigstore in this process, until it is told to stop. */
import { type ServiceName, startStack } from '@assay/stack';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { dataFolder } from './data-folder.ts';
import { guide } from './guide.ts';
import type { ListenAddress } from './listen-address.ts';
import { type LogLevel, stackLog } from './log.ts';
import { passphraseOf } from './passphrase.ts';

export interface UpFlags {
  readonly data?: string;
  readonly listen?: ListenAddress;
  readonly only?: readonly ServiceName[];
  readonly logLevel: LogLevel;
  readonly output: 'text' | 'json';
}

/** Returns the exit status, once the process was told to stop. Errors: `STACK_…`. */
export async function runUp(flags: UpFlags, io: Io): Promise<number> {
  const directory = dataFolder(flags.data, io.env);
  const stopped = stopSignal();
  const stack = await startStack({
    directory,
    log: stackLog(flags.logLevel, io),
    ...(flags.listen !== undefined && { listen: flags.listen }),
    ...(flags.only !== undefined && { only: flags.only }),
    ...passphraseOf(io.env),
  });
  io.stdout(flags.output === 'json' ? `${JSON.stringify({ data: directory, ...stack.endpoints })}\n` : `${guide(directory, stack.endpoints)}\n`);
  await stopped;
  await stack.close();
  return EXIT.accepted;
}

/** Ctrl-C, and what service managers send. A second one ends the process at once, as it would without us. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
