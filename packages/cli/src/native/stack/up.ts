/** `assay stack up`: a private Sigstore in this process, until it is told to stop. */

import { readFileCapped } from '@assay/net';
import { createLog, type LogLevel, parseFulcioConfig, readStatus, type ServiceName, type Stack, startStack } from '@assay/stack';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { stopSignal } from '../../stop-signal.ts';
import { keepYoungGenerationSmall } from '../../young-generation.ts';
import { dataFolder } from './data-folder.ts';
import { guide } from './guide.ts';
import type { ListenAddress } from './listen-address.ts';
import { passphraseOf } from './passphrase.ts';

export interface UpFlags {
  readonly data?: string;
  readonly listen?: ListenAddress;
  readonly publicUrl?: string;
  readonly only?: readonly ServiceName[];
  readonly elsewhere?: Partial<Record<ServiceName, string>>;
  readonly elsewhereTrust?: string;
  readonly fulcioConfig?: string;
  readonly logLevel: LogLevel;
  readonly output: 'text' | 'json';
}

/** Returns the exit status, once the process was told to stop. Errors: `STACK_…`, `USAGE`. */
export async function runUp(flags: UpFlags, io: Io): Promise<number> {
  const directory = dataFolder(flags.data, io.env);
  const stopped = stopSignal();
  const { fulcioConfig, elsewhereTrust } = flags;
  const log = createLog(flags.logLevel, (line) => io.stderr(line));
  const stack = await startStack({
    directory,
    log,
    publicUrl: flags.publicUrl,
    only: flags.only,
    elsewhere: flags.elsewhere && { urls: flags.elsewhere, trustedRoot: elsewhereTrust === undefined ? undefined : readFileCapped(elsewhereTrust, MAX_FILE) },
    fulcioConfig: fulcioConfig === undefined ? undefined : parseFulcioConfig(readFileCapped(fulcioConfig, MAX_FILE), fulcioConfig),
    ...(flags.listen !== undefined && { listen: flags.listen }),
    ...passphraseOf(io.env),
  });
  keepYoungGenerationSmall();
  for (const { says, hint } of (await readStatus(directory, io.now)).warnings) log.warn({ hint }, says);
  io.stdout(flags.output === 'json' ? `${JSON.stringify({ data: directory, ...stack.endpoints })}\n` : `${guide(directory, stack.endpoints, io.env)}\n`);
  try {
    await Promise.race([stopped, reloadOnSignal(stack)]);
  } finally {
    await stack.close();
  }
  return EXIT.accepted;
}

/** One after the other. Never resolves; rejects when what is in the folder now cannot be opened. */
function reloadOnSignal(stack: Stack): Promise<never> {
  let last = Promise.resolve();
  return new Promise((_, reject) => {
    process.on('SIGHUP', () => {
      last = last.then(() => stack.reload()).catch(reject);
    });
  });
}

const MAX_FILE = 5_000_000;
