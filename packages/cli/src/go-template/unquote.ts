/** String and character constants of Go: `"a\tb"`, `'x'`, and between backticks all as it is. */

/** Undefined when malformed. */
export function unquote(text: string): string | undefined {
  const quote = text.slice(0, 1);
  const inner = text.slice(1, -1);
  if (quote === '`') return inner.replaceAll('\r', '');
  // Bytes, since \x and octal escapes stand for those.
  const parts: Buffer[] = [];
  for (const [part] of inner.matchAll(/\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)|[^\\]+/gsu)) {
    const decoded = part.startsWith('\\') ? escaped(part.slice(1), quote) : Buffer.from(part);
    if (decoded === undefined) return undefined;
    parts.push(decoded);
  }
  return Buffer.concat(parts).toString();
}

function escaped(code: string, quote: string): Buffer | undefined {
  const simple = SIMPLE[code];
  if (simple !== undefined) return Buffer.from(simple);
  if (code === quote) return Buffer.from(quote);
  if (/^x./.test(code)) return Buffer.from(code.slice(1), 'hex');
  if (/^[0-7]{3}$/.test(code)) return Number.parseInt(code, 8) > 255 ? undefined : Buffer.from([Number.parseInt(code, 8)]);
  if (!/^[uU]./.test(code)) return undefined;
  const point = Number.parseInt(code.slice(1), 16);
  return point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? undefined : Buffer.from(String.fromCodePoint(point));
}

const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' };
