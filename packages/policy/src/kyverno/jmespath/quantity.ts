/**
 * Quantities of Kubernetes: `100m`, `1.5Gi`, `12e6`. Exact, in nano units.
 *
 * Undefined when it is none. Beyond what any machine has, it is none either: a number of a million digits would keep us busy.
 */
export function parseQuantity(text: string): bigint | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [all, sign, whole = '', fraction = '', suffix = ''] = FORM.exec(text) ?? [];
  if (all === undefined || (whole === '' && fraction === '')) return undefined;
  const scale = scaleOf(suffix);
  if (scale === undefined) return undefined;
  const digits = BigInt(`${whole}${fraction}`) * scale.times;
  const shift = fraction.length + scale.below - NANO;
  // What is finer than a billionth is rounded up, as the API machinery does it.
  const value = shift <= 0 ? digits * 10n ** BigInt(-shift) : (digits + 10n ** BigInt(shift) - 1n) / 10n ** BigInt(shift);
  return sign === '-' ? -value : value;
}

function scaleOf(suffix: string): { readonly times: bigint; readonly below: number } | undefined {
  const binary = BINARY.indexOf(suffix);
  if (binary >= 0) return { times: 1024n ** BigInt(binary + 1), below: 0 };
  if (Object.hasOwn(DECIMAL, suffix)) return power(DECIMAL[suffix] ?? 0);
  const exponent = /^[eE]([-+]?\d{1,3})$/.exec(suffix)?.[1];
  return exponent === undefined ? undefined : power(Number(exponent));
}

function power(exponent: number): { readonly times: bigint; readonly below: number } {
  return exponent >= 0 ? { times: 10n ** BigInt(exponent), below: 0 } : { times: 1n, below: -exponent };
}

const FORM = /^([-+]?)(\d*)(?:\.(\d*))?([A-Za-z]{0,2}|[eE][-+]?\d+)$/;
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const NANO = 9;
const MAX_LENGTH = 100;
