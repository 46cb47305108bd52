/** One running engine. After a fault it is of no use any more: what it was doing lies about in its memory. */
import { hostOf } from './wasi.ts';

export class EngineInstance {
  readonly #exports: EngineExports;
  readonly #lastWords: () => string;

  constructor(module: WebAssembly.Module) {
    const { imports, lastWords } = hostOf(module, () => this.#exports.memory);
    this.#lastWords = lastWords;
    const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports });
    this.#exports = instance.exports as unknown as EngineExports;
    this.#exports._initialize();
  }

  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** JSON (tools/engine/main.go says how requests and answers look). Throws `EngineFault`. */
  evaluate(request: Uint8Array): string {
    const { reserve, evaluate, answer_size, memory } = this.#exports;
    try {
      const start = reserve(request.length) >>> 0;
      new Uint8Array(memory.buffer, start, request.length).set(request);
      const answer = evaluate() >>> 0;
      return Buffer.from(memory.buffer, answer, answer_size()).toString();
    } catch (error) {
      throw new EngineFault(this.#lastWords() || String(error));
    }
  }
}

/** The engine stopped: its words, first line first. */
export class EngineFault extends Error {
  get outOfMemory(): boolean {
    return /out of memory|cannot allocate memory/.test(this.message);
  }
}

interface EngineExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  /** A buffer for a request of that many bytes. */
  reserve(size: number): number;
  /** Where the answer begins. */
  evaluate(): number;
  answer_size(): number;
}
