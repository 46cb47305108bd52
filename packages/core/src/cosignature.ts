/**
 * Cosignatures of witnesses on checkpoints (c2sp.org/tlog-cosignature, version 1; services.md section 8).
 *
 * A witness signs only checkpoints that extend every one it saw before, so that a log cannot show two histories; and it says when it looked.
 *
 *   key id      SHA-256(name ‖ 0A ‖ 04 ‖ Ed25519 key), first four bytes
 *   line        key id ‖ u64 seconds ‖ 64-byte Ed25519 signature
 *   signed      "cosignature/v1\n" "time " seconds "\n" note body
 *
 * Today's trusted roots list no witnesses: they count only when the caller names them.
 */
import { concat, utf8 } from './bytes.ts';
import { type Check, fail, pass } from './check.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CryptoProvider } from './crypto.ts';
import { quote } from './errors.ts';
import type { PublicKey } from './key.ts';
import { signaturesOf } from './note.ts';
import { verifySignature } from './signature.ts';
import { fromUnixSeconds } from './time.ts';

export interface Witness {
  readonly name: string;
  readonly key: Extract<PublicKey, { type: 'ed25519' }>;
}

export interface Cosignature {
  readonly witness: string;
  readonly time: Date;
}

/** Lines of unknown witnesses are ignored; a line of a known one must verify. `threshold` counts witnesses, not lines. */
export async function checkCosignatures(
  { note }: Checkpoint,
  witnesses: readonly Witness[],
  threshold: number,
  crypto: CryptoProvider,
): Promise<{ checks: readonly Check[]; cosignatures: readonly Cosignature[] }> {
  const id = 'tlog.entry.cosignature';
  const spec = 'c2sp.org/tlog-cosignature';
  const checks: Check[] = [];
  const cosignatures: Cosignature[] = [];
  for (const witness of witnesses) {
    for (const { signature } of signaturesOf(note, witness.name, await cosignatureKeyId(crypto, witness))) {
      const time = await cosignatureTime(signature, note.body, witness, crypto);
      const name = quote(witness.name, 100);
      if (time === undefined) {
        checks.push(fail(id, 'TLOG_COSIGNATURE', `the cosignature of ${name} does not verify`, { spec }));
      } else {
        checks.push(pass(id, `${name} saw the checkpoint at ${time.toISOString()}`, { evidence: { witness: witness.name, time: time.toISOString() }, spec }));
        cosignatures.push({ witness: witness.name, time });
      }
    }
  }
  if (threshold > 0) checks.push(checkThreshold(cosignatures, threshold));
  return { checks, cosignatures };
}

function checkThreshold(cosignatures: readonly Cosignature[], threshold: number): Check {
  const id = 'tlog.entry.witnesses';
  const count = new Set(cosignatures.map(({ witness }) => witness)).size;
  const details = { expected: `at least ${threshold}`, found: String(count) };
  if (count >= threshold) return pass(id, `cosigned by ${count} known ${count === 1 ? 'witness' : 'witnesses'}`, details);
  return fail(id, 'TLOG_WITNESS_THRESHOLD', 'too few known witnesses cosigned the checkpoint', details);
}

function cosignatureKeyId(crypto: CryptoProvider, { name, key }: Witness) {
  return crypto.hash('sha256', concat(utf8(`${name}\n`), Uint8Array.of(COSIGNATURE_V1), key.raw));
}

/** When the witness looked, or undefined when the line is malformed or does not verify. */
async function cosignatureTime(line: Uint8Array, body: string, { key }: Witness, crypto: CryptoProvider): Promise<Date | undefined> {
  if (line.length !== TIME_BYTES + 64) return undefined;
  const seconds = line.subarray(0, TIME_BYTES).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const signed = utf8(`cosignature/v1\ntime ${seconds}\n${body}`);
  const valid = await verifySignature(crypto, key, { name: 'ed25519' }, signed, line.subarray(TIME_BYTES));
  return valid ? fromUnixSeconds(seconds) : undefined;
}

const COSIGNATURE_V1 = 0x04;
const TIME_BYTES = 8;
