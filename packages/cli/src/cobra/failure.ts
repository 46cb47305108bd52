/** An error of a compatible command: the text that goes behind `Error: `, in the words of the tool it stands for. */
import { isTrustError } from '@assay/core';

export class CommandError extends Error {
  readonly status: number;

  constructor(message: string, status = 1, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The command line itself is wrong: some tools then show how it is used. */
export class UsageError extends CommandError {}

/** Runs `action`; what it refuses is told with `prefix` in front, as Go wraps errors. */
export async function wrapped<T>(prefix: string, action: () => Promise<T> | T, separator = ': '): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new CommandError(`${prefix}${separator}${messageOf(error)}`, 1, { cause: error });
  }
}

/** Our errors in the words that Go programs use for the same. Bugs stay bugs. */
export function messageOf(error: unknown): string {
  if (error instanceof CommandError) return error.message;
  if (isTimeout(error)) return 'context deadline exceeded';
  if (!isTrustError(error)) throw error;
  if (error.code === 'FILE_NOT_FOUND') return `open ${error.message.replace(/: no such file$/, '')}: no such file or directory`;
  // These tools print no hints, and here the hint is the answer.
  if (error.code === 'KEY_PROVIDER_MISSING') return `${error.message}: ${error.hint}`;
  if (error.code === 'FILE_UNREADABLE') return error.message.replace(/^(.*): is a folder.*$/, 'read $1: is a directory');
  const details = [error.expected && `expected ${error.expected}`, error.found && `got ${error.found}`].filter(Boolean);
  return details.length === 0 ? error.message : `${error.message} (${details.join(', ')})`;
}

/** `--timeout` has passed. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
