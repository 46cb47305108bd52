/**
 * Flags as Go's own package reads them: `-name value`, `-name=value`, with one dash or two; a flag that says yes or no takes its value only after `=`. What follows
 * the first word that is no flag is left alone.
 */
export interface GoFlag {
  readonly name: string;
  readonly says: string;
  /** Default: text. */
  readonly kind?: 'bool';
  readonly default?: string;
}

export class GoFlagError extends Error {}

/** By name; what is not given has its default, or ''. Throws `GoFlagError` with Go's text, and 'help' for `-h`. */
export function parseGoFlags(argv: readonly string[], flags: readonly GoFlag[]): ReadonlyMap<string, string> | 'help' {
  const values = new Map(flags.map((flag) => [flag.name, flag.default ?? '']));
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word.length < 2 || !word.startsWith('-') || word === '--') break;
    const [, name = '', given] = /^--?([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (name === '' || name.startsWith('-')) throw new GoFlagError(`bad flag syntax: ${word}`);
    const flag = flags.find((one) => one.name === name);
    if (flag === undefined && (name === 'h' || name === 'help')) return 'help';
    if (flag === undefined) throw new GoFlagError(`flag provided but not defined: -${name}`);
    values.set(name, flag.kind === 'bool' ? truth(given ?? 'true', name) : (given ?? nextWord(rest, name)));
  }
  return values;
}

function nextWord(rest: string[], name: string): string {
  const value = rest.shift();
  if (value === undefined) throw new GoFlagError(`flag needs an argument: -${name}`);
  return value;
}

function truth(text: string, name: string): string {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return 'true';
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return '';
  throw new GoFlagError(`invalid boolean value ${JSON.stringify(text)} for -${name}: parse error`);
}

/** As Go lists them, sorted by name. */
export function goUsage(program: string, flags: readonly GoFlag[]): string {
  const lines = flags
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, says, kind, default: value }) => {
      const kindText = kind === 'bool' ? '' : ' string';
      return `  -${name}${kindText}\n    \t${says}${value === undefined ? '' : ` (default ${JSON.stringify(value)})`}\n`;
    });
  return `Usage of ${program}:\n${lines.join('')}`;
}
