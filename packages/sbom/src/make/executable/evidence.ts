/**
 * Looks for versions in executables of any size: near a literal, or everywhere, a window at a time, as Latin-1, so that a byte is a
 * character. Patterns are our own and
 * linear; what surrounds a literal is read up to a budget, since a hostile file can be full of it.
 */

/** What is found is its only group: a version. */
export type Pattern = (bytes: Buffer) => string | undefined;

/** @param before,after how far around the literal the pattern reaches, in bytes */
export function near(literal: string, source: string, { before = 48, after = 144 }: { readonly before?: number; readonly after?: number } = {}): Pattern {
  const [needle, pattern] = [Buffer.from(literal.replaceAll('<0>', '\0'), 'latin1'), compiled(source)];
  return (bytes) => {
    let budget = MAX_NEAR_BYTES;
    for (let at = bytes.indexOf(needle); at !== -1 && budget > 0; at = bytes.indexOf(needle, at + 1)) {
      const found = pattern.exec(bytes.toString('latin1', Math.max(0, at - before), at + needle.length + after));
      if (found !== null) return found[1];
      budget -= before + needle.length + after;
    }
    return undefined;
  };
}

export function anywhere(source: string): Pattern {
  const pattern = compiled(source);
  return (bytes) => {
    for (let at = 0; at < bytes.length; at += WINDOW_BYTES) {
      const found = pattern.exec(bytes.toString('latin1', at, at + WINDOW_BYTES + OVERLAP_BYTES));
      if (found !== null) return found[1];
    }
    return undefined;
  };
}

/** Where the literal is nowhere, there is nothing. */
export function given(literal: string, pattern: Pattern): Pattern {
  const needle = Buffer.from(literal, 'latin1');
  return (bytes) => (bytes.includes(needle) ? pattern(bytes) : undefined);
}

function compiled(source: string): RegExp {
  return new RegExp(
    source.replace(/<(\w+)>/g, (unknown, name: string) => SHORTHANDS.get(name) ?? unknown),
    'm',
  );
}

/** Zeros end strings in executables; the rest is how versions look there. */
const SHORTHANDS: ReadonlyMap<string, string> = new Map([
  ['0', String.raw`\x00`],
  ['release', String.raw`\d{1,9}\.\d{1,9}\.\d{1,9}`],
  ['grafana', String.raw`\d\d\.\d{1,9}\.\d{1,9}(?:-beta\d|-test|-preview)?`],
  ['grafana1', String.raw`\d\.\d{1,9}\.\d{1,9}(?:-beta\d|-test|-preview)?`],
  ['istio', String.raw`\d{1,9}\.\d{1,9}\.\d{1,9}(?:-alpha\.\d{1,9}|-beta\.\d{1,9}|-rc\.\d{1,9}|-dev)?`],
  ['julia', String.raw`\d{1,9}\.\d{1,9}\.\d{1,9}(?:-alpha\d|-beta\d|-rc\d)?`],
  ['mysql', String.raw`\d{1,9}(?:\.\d{1,9})?(?:\.\d{1,9})?(?:alpha\d|beta\d|rc\d)?`],
  ['otp', String.raw`\d{1,9}\.\d{1,9}(?:\.\d{1,9}){0,2}(?:-rc\d)?`],
]);
const WINDOW_BYTES = 1024 * 1024;
const OVERLAP_BYTES = 1024;
const MAX_NEAR_BYTES = 8 * 1024 * 1024;
