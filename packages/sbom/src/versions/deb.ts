/**
 * Versions of Debian packages (deb-version(7)): `[epoch:]upstream[-revision]`.
 *
 * Upstream and revision are compared piece by piece, text and digits in turn. In text, `~` sorts before the end, then the end, letters, and the rest.
 */
import { compareDigits } from './digits.ts';

/** Negative when `a` is older, positive when it is newer. Takes any text: what is no version sorts somewhere. */
export function compareDeb(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)];
  return compareDigits(x.epoch, y.epoch) || comparePieces(x.upstream, y.upstream) || comparePieces(x.revision, y.revision);
}

function parts(version: string): { readonly epoch: string; readonly upstream: string; readonly revision: string } {
  const epoch = /^\d+(?=:)/.exec(version)?.[0];
  const rest = epoch === undefined ? version : version.slice(epoch.length + 1);
  const dash = rest.lastIndexOf('-');
  return { epoch: epoch ?? '', upstream: dash === -1 ? rest : rest.slice(0, dash), revision: dash === -1 ? '' : rest.slice(dash + 1) };
}

function comparePieces(a: string, b: string): number {
  const [x, y] = [pieces(a), pieces(b)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const [left = '', right = ''] = [x[i], y[i]];
    const order = i % 2 === 0 ? compareNonDigits(left, right) : compareDigits(left, right);
    if (order !== 0) return order;
  }
  return 0;
}

/** Text at even places, digits at odd ones; the text may be empty. */
function pieces(version: string): string[] {
  return version.split(/(\d+)/);
}

function compareNonDigits(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = rank(a, i) - rank(b, i);
    if (order !== 0) return order;
  }
  return 0;
}

function rank(text: string, i: number): number {
  const char = text[i];
  if (char === undefined) return 0;
  if (char === '~') return -1;
  return text.charCodeAt(i) + (/[A-Za-z]/.test(char) ? 0 : 0x10000);
}
