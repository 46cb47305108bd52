/** The passphrase that encrypts the stack's private keys: `ASSAY_STACK_PASSPHRASE`. Without one they lie open, readable by their owner alone. */
import type { Io } from '../../io.ts';

export function passphraseOf(env: Io['env']): { passphrase?: string } {
  const passphrase = env['ASSAY_STACK_PASSPHRASE'];
  return passphrase === undefined || passphrase === '' ? {} : { passphrase };
}
