/**
 * All that the engine gets of this machine (WASI preview 1, as Go calls it): the time, random bytes, and somewhere to write its last words. There is no file,
 * no network, no environment, no argument; whatever else it calls is answered with "bad file descriptor".
 */
import { randomFillSync } from 'node:crypto';

export interface Host {
  readonly imports: Readonly<Record<string, (...args: never[]) => number>>;
  /** What was written to standard error, which is where Go says why it stops. */
  lastWords(): string;
}

const OK = 0;
const BAD_FILE_DESCRIPTOR = 8;
const MAX_WORDS = 4096;

/** Thrown out of the engine by its own exit, which it only does when it cannot go on. */
export class EngineExit extends Error {}

/** @param memory of the instance, which exists only after its imports do */
export function hostOf(module: WebAssembly.Module, memory: () => WebAssembly.Memory): Host {
  const view = (): DataView => new DataView(memory().buffer);
  let words = '';
  const nothing = (count: number, size: number): number => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return OK;
  };
  const given = {
    args_sizes_get: nothing,
    args_get: () => OK,
    environ_sizes_get: nothing,
    environ_get: () => OK,
    clock_time_get(clock: number, _precision: bigint, result: number): number {
      view().setBigUint64(result, nanoseconds(clock), true);
      return OK;
    },
    random_get(start: number, size: number): number {
      randomFillSync(new Uint8Array(memory().buffer, start, size));
      return OK;
    },
    sched_yield: () => OK,
    /** Only ever a wait for a clock: there is no file to wait for. */
    poll_oneoff(subscription: number, event: number, _count: number, events: number): number {
      const { deadline, clock, userdata } = timer(view(), subscription);
      const milliseconds = Number(deadline - nanoseconds(clock)) / 1e6;
      if (milliseconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
      view().setBigUint64(event, userdata, true);
      view().setUint32(event + 8, 0, true); // no error, a clock
      view().setUint32(events, 1, true);
      return OK;
    },
    fd_write(descriptor: number, vectors: number, count: number, written: number): number {
      if (descriptor !== STDERR) return BAD_FILE_DESCRIPTOR;
      const pieces = piecesOf(memory().buffer, vectors, count);
      for (const piece of pieces) if (words.length < MAX_WORDS) words += piece.toString();
      view().setUint32(
        written,
        pieces.reduce((sum, { length }) => sum + length, 0),
        true,
      );
      return OK;
    },
    proc_exit(status: number): never {
      throw new EngineExit(`the engine ended with status ${status}`);
    },
  };
  const refused = WebAssembly.Module.imports(module).map(({ name }) => [name, () => BAD_FILE_DESCRIPTOR] as const);
  return { imports: { ...Object.fromEntries(refused), ...given }, lastWords: () => words.slice(0, MAX_WORDS) };
}

const STDERR = 2;
const REALTIME = 0;

function nanoseconds(clock: number): bigint {
  return clock === REALTIME ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint();
}

/** A subscription: userdata, kind, then for a clock its identifier, the timeout, the precision, and whether the timeout is a point in time. */
function timer(view: DataView, at: number): { userdata: bigint; clock: number; deadline: bigint } {
  const clock = view.getUint32(at + 16, true);
  const timeout = view.getBigUint64(at + 24, true);
  const isAbsolute = view.getUint16(at + 40, true) === 1;
  return { userdata: view.getBigUint64(at, true), clock, deadline: isAbsolute ? timeout : nanoseconds(clock) + timeout };
}

function piecesOf(memory: ArrayBuffer, vectors: number, count: number): Buffer[] {
  const view = new DataView(memory);
  return Array.from({ length: count }, (_, i) => Buffer.from(memory, view.getUint32(vectors + 8 * i, true), view.getUint32(vectors + 8 * i + 4, true)));
}
