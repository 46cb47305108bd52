/**
 * Runs the command line in tests: `runCli` in this process (captured streams, the testkit's clock, no network unless it is given), `spawnCli` as a
 * whole process through the launcher.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_NOW } from '@assay/testkit';
import { afterAll } from 'vitest';
import type { Io } from '../src/io.ts';
import { main } from '../src/main.ts';
import { runOf } from './child-run.ts';
import { watchNetwork } from './network-guard.ts';

export interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** Whether a person is at standard input, and what shows her pages. */
  readonly interactive?: boolean;
  readonly openBrowser?: (url: string) => Promise<void>;
  readonly now?: Date;
  readonly terminal?: boolean;
  /** Told what is printed, on either stream, when it is. */
  readonly onOutput?: (text: string) => void;
  /** `none`, the default: a socket or a name lookup fails the run. */
  readonly network?: 'none' | 'open';
}

/** `assay …` in this process. Its home is an empty folder, so that no cache of the user takes part. */
export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runAs('assay', argv, options);
}

/** `cosign …`, as if started through a symlink of that name. */
export async function runCosign(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runAs('cosign', argv, options);
}

async function runAs(programName: string, argv: readonly string[], options: RunOptions): Promise<Run> {
  const output = { stdout: '', stderr: '' };
  const io: Io = {
    env: { HOME: home, ...options.env },
    now: options.now ?? DEFAULT_NOW,
    terminal: options.terminal ?? false,
    stdout: (content) => {
      const text = typeof content === 'string' ? content : new TextDecoder().decode(content);
      output.stdout += text;
      options.onOutput?.(text);
    },
    stderr: (text) => {
      output.stderr += text;
      options.onOutput?.(text);
    },
    stdin: typeof options.stdin === 'function' ? options.stdin : () => chunksOf((options.stdin ?? '') as string | Uint8Array),
    ...(options.interactive !== undefined && { interactive: options.interactive }),
    ...(options.openBrowser !== undefined && { openBrowser: options.openBrowser }),
  };
  const guard = options.network === 'open' ? undefined : watchNetwork();
  try {
    const status = await main(argv, programName, io);
    if (guard !== undefined && guard.attempts.length > 0) throw new Error(`touched the network: ${guard.attempts.join(', ')}\n${output.stderr}`);
    return { status, ...output };
  } finally {
    guard?.restore();
  }
}

async function* chunksOf(input: string | Uint8Array): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(input);
  // In two pieces: nothing may rely on one chunk.
  yield bytes.subarray(0, 3);
  yield bytes.subarray(3);
}

/** A folder of one test file, removed after it. */
export class Scratch {
  readonly folder: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'assay-cli-'));
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file and returns its path. Objects become JSON. */
  write(name: string, content: string | Uint8Array | object): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
    return path;
  }

  /** Output without the folder's name, as someone reads it who stands in the folder. */
  relative(run: Run): Run {
    const strip = (text: string) => text.replaceAll(`${this.folder}/`, '').replaceAll(this.folder, '.');
    return { status: run.status, stdout: strip(run.stdout), stderr: strip(run.stderr) };
  }
}

const launcher = fileURLToPath(new URL('../bin/assay.js', import.meta.url));

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** What is started instead of the launcher under this very Node. */
  readonly command?: readonly string[];
}

/** The whole program, started as a user starts it. */
export function spawnCli(argv: readonly string[], { env, stdin = '', cwd, command }: SpawnOptions = {}): Promise<Run> {
  const [file = '', ...before] = command ?? [process.execPath, launcher];
  const child = spawn(file, [...before, ...argv], { env: { ...process.env, ...env }, ...(cwd !== undefined && { cwd }) });
  child.stdin.on('error', () => undefined); // a program that reads no input closes it
  child.stdin.end(stdin);
  return runOf(child);
}

/** Made while the file is loaded: within a test it would be too late to ask for its removal. */
const home = new Scratch().folder;
