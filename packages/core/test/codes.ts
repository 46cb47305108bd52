/** What a call was refused with: the code of its `TrustError`. Any other exception is a bug and is thrown on. */
import type { ErrorCode } from '../src/catalogue.ts';
import { isTrustError } from '../src/errors.ts';

export function codeOf(call: () => unknown): ErrorCode | 'accepted' {
  try {
    call();
    return 'accepted';
  } catch (error) {
    if (isTrustError(error)) return error.code;
    throw error;
  }
}

export async function asyncCodeOf(call: () => Promise<unknown>): Promise<ErrorCode | 'accepted'> {
  try {
    await call();
    return 'accepted';
  } catch (error) {
    if (isTrustError(error)) return error.code;
    throw error;
  }
}
