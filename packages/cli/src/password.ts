/** The password of a private key: COSIGN_PASSWORD, else asked for, else all of standard input (cosign.md section 0.3). */
import { closeSync, openSync, readSync } from 'node:fs';
import { TrustError, utf8 } from '@assay/core';
import type { Io } from './io.ts';
import { readStandardInput } from './read-input.ts';

/** Asked for once, however often it is needed. */
export function passwordOf(io: Io): () => Promise<Uint8Array> {
  let asked: Promise<Uint8Array> | undefined;
  return () => {
    asked ??= readPassword(io, PROMPT);
    return asked;
  };
}

/** For a new key: on a terminal, twice. Errors: `KEY_PASSWORD` when the two differ. */
export async function newPassword(io: Io): Promise<Uint8Array> {
  const first = await readPassword(io, PROMPT);
  if (!isAsked(io)) return first;
  const second = await readPassword(io, 'Enter password for private key again: ');
  if (Buffer.compare(first, second) !== 0) throw new TrustError('KEY_PASSWORD', 'passwords do not match');
  return first;
}

function isAsked({ env }: Io): boolean {
  return env['COSIGN_PASSWORD'] === undefined && process.stdin.isTTY === true;
}

async function readPassword(io: Io, prompt: string): Promise<Uint8Array> {
  const variable = io.env['COSIGN_PASSWORD'];
  if (variable !== undefined) return utf8(variable);
  if (isAsked(io)) return askHidden(io, prompt);
  return readStandardInput(io);
}

/** A line from the terminal, which does not show it. */
function askHidden(io: Io, prompt: string): Uint8Array {
  io.stderr(prompt);
  const terminal = openSync('/dev/tty', 'r');
  process.stdin.setRawMode(true);
  try {
    return readHiddenLine(terminal);
  } finally {
    process.stdin.setRawMode(false);
    closeSync(terminal);
    io.stderr('\n');
  }
}

/** Byte by byte: the terminal no longer edits the line, nor turns Ctrl-C into a signal. */
function readHiddenLine(terminal: number): Uint8Array {
  const typed: number[] = [];
  const byte = new Uint8Array(1);
  while (readSync(terminal, byte) === 1) {
    const [key = 0] = byte;
    if (key === CTRL_C) process.exit(INTERRUPTED);
    if (key === CARRIAGE_RETURN || key === NEW_LINE || key === CTRL_D) break;
    if (key === BACKSPACE || key === DELETE) typed.pop();
    else typed.push(key);
  }
  return Uint8Array.from(typed);
}

const PROMPT = 'Enter password for private key: ';
const CTRL_C = 3;
/** 128 + SIGINT, as shells report it. */
const INTERRUPTED = 130;
const CTRL_D = 4;
const BACKSPACE = 8;
const NEW_LINE = 10;
const CARRIAGE_RETURN = 13;
const DELETE = 127;
