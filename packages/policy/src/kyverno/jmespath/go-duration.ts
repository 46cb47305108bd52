/** Durations as Go writes them: `72h3m0.5s`, `-1.5h`, `300ms`. Counted in nanoseconds, of which 64 bits hold about 292 years. */

/** Undefined when it is none. */
export function parseDuration(text: string): bigint | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const sign = /^[-+]/.exec(text)?.[0];
  const rest = sign === undefined ? text : text.slice(1);
  if (rest === '0') return 0n;
  if (!WHOLE.test(rest)) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(PART)) {
    if (whole === '' && fraction === '') return undefined;
    const scale = UNITS[unit] ?? 0n;
    total += BigInt(whole === '' ? '0' : whole) * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  const signed = sign === '-' ? -total : total;
  return total > MAX + (sign === '-' ? 1n : 0n) ? undefined : signed;
}

export function durationText(nanoseconds: bigint): string {
  const clamped = nanoseconds > MAX ? MAX : nanoseconds < -MAX - 1n ? -MAX - 1n : nanoseconds;
  if (clamped === 0n) return '0s';
  const size = clamped < 0n ? -clamped : clamped;
  const sign = clamped < 0n ? '-' : '';
  const small = [
    [1_000n, 1n, 'ns'],
    [1_000_000n, 1_000n, 'µs'],
    [SECOND, 1_000_000n, 'ms'],
  ] as const;
  for (const [below, scale, unit] of small) if (size < below) return `${sign}${decimal(size, scale)}${unit}`;
  const minutes = size / (60n * SECOND);
  const seconds = `${decimal(size % (60n * SECOND), SECOND)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  const hours = minutes / 60n;
  return hours === 0n ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, scale: bigint): string {
  const fraction = (value % scale)
    .toString()
    .padStart(scale.toString().length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${value / scale}` : `${value / scale}.${fraction}`;
}

export const SECOND = 1_000_000_000n;
const MAX = 2n ** 63n - 1n;
const MAX_LENGTH = 100;
const UNITS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1_000n, µs: 1_000n, μs: 1_000n, ms: 1_000_000n, s: SECOND, m: 60n * SECOND, h: 3600n * SECOND };
const WHOLE = /^(?:\d*(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g;
