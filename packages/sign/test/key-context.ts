/** The world of a key reference for tests: nothing in the environment, nobody who answers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, isTrustError } from '@assay/core';
import { createHttpClient } from '@assay/net';
import { onTestFinished } from 'vitest';
import type { KeyContext } from '../src/index.ts';

export function keyContext(given: Partial<KeyContext> = {}): KeyContext {
  return { env: {}, http: createHttpClient(), password: () => Promise.reject(new Error('the password was asked for')), ...given };
}

/** A folder that is gone after the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assay-sign-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a call was refused with; `accepted` when it was not. Other exceptions are bugs and thrown on. */
export async function refusal(call: () => unknown): Promise<{ code: ErrorCode | 'accepted'; message: string; hint: string }> {
  try {
    await call();
    return { code: 'accepted', message: '', hint: '' };
  } catch (error) {
    if (isTrustError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
}
