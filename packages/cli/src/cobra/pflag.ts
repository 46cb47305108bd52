/**
 * Command-line flags in the dialect of Go's pflag, which every tool we replace speaks (cosign.md section 0): `--f v`, `--f=v`, booleans only as
 * `--f` or `--f=true`, flags after positionals, `-x v`, `--` ends the flags. The error texts are those that scripts know.
 */
export type FlagKind = 'bool' | 'string' | 'list' | 'int' | 'duration';

export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly kind: FlagKind;
  readonly default: string;
  readonly usage: string;
  /** Accepted, not shown in help, and this is said once. */
  readonly deprecated?: string;
  readonly hidden?: boolean;
}

/** The mistake of a command line, in pflag's words. */
export class FlagError extends Error {}

export interface ParsedFlags {
  readonly positionals: readonly string[];
  /** Deprecation lines, in the order the flags were given; one for each time. */
  readonly notices: readonly string[];
  readonly help: boolean;
  text(name: string): string;
  list(name: string): readonly string[];
  bool(name: string): boolean;
  number(name: string): number;
  /** Given on the command line or through its environment variable. */
  given(name: string): boolean;
}

export interface ParseOptions {
  /** Older spellings of flag names. */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** An unset flag `--a-b` takes `PREFIX_A_B`. */
  readonly envPrefix?: string;
}

export function parseFlags(argv: readonly string[], specs: readonly FlagSpec[], options: ParseOptions = {}): ParsedFlags {
  const parser = new Parser(specs, options);
  parser.parse(argv);
  parser.bindEnvironment();
  return parser;
}

class Parser implements ParsedFlags {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #shorts: ReadonlyMap<string, FlagSpec>;
  readonly #options: ParseOptions;
  readonly #values = new Map<string, string[]>();
  readonly positionals: string[] = [];
  readonly notices: string[] = [];
  help = false;

  constructor(specs: readonly FlagSpec[], options: ParseOptions) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.#shorts = new Map(specs.flatMap((spec) => (spec.short === undefined ? [] : [[spec.short, spec] as const])));
    this.#options = options;
  }

  parse(argv: readonly string[]): void {
    const rest = [...argv];
    for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
      if (arg === '--') {
        this.positionals.push(...rest.splice(0));
      } else if (arg.startsWith('--')) {
        this.#long(arg.slice(2), rest);
      } else if (arg.startsWith('-') && arg !== '-') {
        this.#short(arg.slice(1), rest);
      } else {
        this.positionals.push(arg);
      }
    }
  }

  #long(arg: string, rest: string[]): void {
    if (/^(?:$|[-=])/.test(arg)) throw new FlagError(`bad flag syntax: --${arg}`);
    const [typed = '', value] = splitOnce(arg, '=');
    const name = this.#canonical(typed);
    if (name === 'help') {
      this.help = true;
      return;
    }
    const spec = this.#specs.get(name);
    if (spec === undefined) throw new FlagError(`unknown flag: --${typed}`);
    const given = value ?? (spec.kind === 'bool' ? 'true' : rest.shift());
    if (given === undefined) throw new FlagError(`flag needs an argument: --${typed}`);
    this.#set(spec, given);
  }

  /** `-v`, `-ovalue`, `-o value`, `-o=value`. */
  #short(arg: string, rest: string[]): void {
    const [letter = '', ...tail] = [...arg];
    if (letter === 'h') {
      this.help = true;
      return;
    }
    const spec = this.#shorts.get(letter);
    if (spec === undefined) throw new FlagError(`unknown shorthand flag: '${letter}' in -${arg}`);
    const attached = tail.join('');
    if (spec.kind === 'bool' && !attached.startsWith('=')) {
      this.#set(spec, 'true');
      if (attached !== '') this.#short(attached, rest);
      return;
    }
    const given = attached === '' ? rest.shift() : attached.replace(/^=/, '');
    if (given === undefined) throw new FlagError(`flag needs an argument: '${letter}' in -${arg}`);
    this.#set(spec, given);
  }

  #canonical(name: string): string {
    const { aliases = {} } = this.#options;
    return Object.hasOwn(aliases, name) ? (aliases[name] as string) : name;
  }

  #set(spec: FlagSpec, value: string, from: 'argument' | 'variable' = 'argument'): void {
    const problem = valueProblem(spec.kind, value);
    if (problem !== undefined) {
      const shown = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
      throw new FlagError(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${problem}`);
    }
    if (spec.deprecated !== undefined && from === 'argument') this.notices.push(`Flag --${spec.name} has been deprecated, ${spec.deprecated}`);
    const before = spec.kind === 'list' ? (this.#values.get(spec.name) ?? []) : [];
    this.#values.set(spec.name, [...before, value]);
  }

  bindEnvironment(): void {
    const { env, envPrefix } = this.#options;
    if (env === undefined || envPrefix === undefined) return;
    for (const spec of this.#specs.values()) {
      const value = env[`${envPrefix}_${spec.name.replaceAll('-', '_').toUpperCase()}`];
      if (value !== undefined && value !== '' && !this.#values.has(spec.name)) this.#set(spec, value, 'variable');
    }
  }

  given(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string {
    return this.#values.get(name)?.at(-1) ?? this.#specs.get(name)?.default ?? '';
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  bool(name: string): boolean {
    return isTrue(this.text(name));
  }

  number(name: string): number {
    return Number(this.text(name));
  }
}

/** As Go's `strconv.ParseBool` reads it; what is no boolean is false. */
export function isTrue(text: string): boolean {
  return TRUE.has(text);
}

function valueProblem(kind: FlagKind, value: string): string | undefined {
  if (kind === 'bool') return isTrue(value) || FALSE.has(value) ? undefined : `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
  if (kind === 'int') return integerProblem(value);
  if (kind === 'duration') return readDuration(value).problem;
  return undefined;
}

/** Go reads the prefix as the base: `0x10`, `0b1`, `0o7` and `07` are numbers too. */
function integerProblem(text: string): string | undefined {
  const digits = INTEGER.exec(text)?.[1];
  if (digits === undefined) return `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`;
  const limit = text.startsWith('-') ? 2n ** 63n : 2n ** 63n - 1n;
  return BigInt(digits) > limit ? `strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range` : undefined;
}

/** Go's duration text (`1h2m3.5s`) in milliseconds; undefined when malformed. */
export function parseDuration(text: string): number | undefined {
  return readDuration(text).milliseconds;
}

type Duration = { readonly milliseconds: number; readonly problem?: never } | { readonly problem: string; readonly milliseconds?: never };

/** The steps and the texts of Go's `time.ParseDuration`. */
function readDuration(text: string): Duration {
  const [, sign = '', amounts = ''] = /^([+-]?)(.*)$/su.exec(text) ?? [];
  if (amounts === '0') return { milliseconds: 0 };
  let total = 0;
  let rest = amounts;
  do {
    const [part, amount, unit = ''] = DURATION_PART.exec(rest) ?? [];
    if (part === undefined) return { problem: `time: invalid duration ${JSON.stringify(text)}` };
    if (unit === '') return { problem: `time: missing unit in duration ${JSON.stringify(text)}` };
    const length = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (length === undefined) return { problem: `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}` };
    total += Number(amount) * length;
    rest = rest.slice(part.length);
  } while (rest !== '');
  if (total > MAX_DURATION_MS) return { problem: `time: invalid duration ${JSON.stringify(text)}` };
  return { milliseconds: sign === '-' ? -total : total };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);
const INTEGER = /^[+-]?(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;
const DURATION_PART = /^(\d+(?:\.\d*)?|\.\d+)([^\d.]*)/u;
/** Micro sign and Greek mu, as in Go. */
const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, '\u00b5s': 1e-3, '\u03bcs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** What 63 bits of nanoseconds hold. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;
