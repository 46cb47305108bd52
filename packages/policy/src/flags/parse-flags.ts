/** Flags of a program by name: `--name value`, `--name=value`, `-n value`; those that say yes take a value only after `=`. */
import { quote, TrustError } from '@assay/core';

export interface FlagTable {
  /** Names of flags with a value. */
  readonly values: readonly string[];
  /** Names of those that say yes or no. */
  readonly switches: readonly string[];
  /** One letter for a name. */
  readonly short: Readonly<Record<string, string>>;
}

export class GivenFlags {
  readonly positionals: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>, positionals: readonly string[]) {
    this.#values = values;
    this.positionals = positionals;
  }

  /** The last one. Errors: `USAGE` when a variable stands in it. */
  text(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  all(name: string): readonly string[] {
    const values = this.#values.get(name) ?? [];
    for (const value of values) refuseVariables(value, `--${name}`);
    return values;
  }

  isOn(name: string): boolean {
    return ['true', '1', 't', 'T', 'TRUE', 'True'].includes(this.text(name) ?? '');
  }

  /** Given, whatever it says. */
  has(name: string): boolean {
    return this.#values.has(name);
  }
}

/** Errors: `USAGE`, also for flags that nobody knows: the verdict may hang on them. */
export function parseFlags(words: readonly string[], { values, switches, short }: FlagTable): GivenFlags {
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      positionals.push(...rest.splice(0));
      break;
    }
    if (!/^-./.test(word)) {
      positionals.push(word);
      continue;
    }
    const [, dashes = '', written = '', inline] = /^(--?)([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
    const name = dashes === '--' || written.length > 1 ? written : (short[written] ?? written);
    if (switches.includes(name)) add(given, name, inline ?? 'true');
    else if (values.includes(name)) add(given, name, inline ?? nextWord(rest, word));
    else throw new TrustError('USAGE', `unknown flag: ${quote(word)}`, { hint: 'what the flag demands could not be kept: leave it out if it demands nothing' });
  }
  return new GivenFlags(given, positionals);
}

function add(given: Map<string, string[]>, name: string, value: string): void {
  given.set(name, [...(given.get(name) ?? []), value]);
}

function nextWord(rest: string[], flag: string): string {
  const value = rest.shift();
  if (value === undefined) throw new TrustError('USAGE', `flag needs an argument: ${quote(flag)}`);
  return value;
}

export function refuseVariables(text: string, where: string): void {
  const [name] = /\$\{?\w+\}?/.exec(text) ?? [];
  if (name === undefined) return;
  throw new TrustError('USAGE', `${quote(where)}: what ${quote(name)} stands for is not known`, {
    hint: 'write its value; where it is the tag of the image, write {tag} and edit the policy',
  });
}
