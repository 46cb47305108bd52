/** Command lines in pflag's dialect: every rule and every text. */
import { describe, expect, test } from 'vitest';
import { type FlagSpec, parseDuration, parseFlags } from './pflag.ts';

const SPECS: readonly FlagSpec[] = [
  { name: 'key', kind: 'string', default: '', usage: '' },
  { name: 'output', short: 'o', kind: 'string', default: 'text', usage: '' },
  { name: 'verbose', short: 'd', kind: 'bool', default: 'false', usage: '' },
  { name: 'check-claims', kind: 'bool', default: 'true', usage: '' },
  { name: 'annotation', short: 'a', kind: 'list', default: '', usage: '' },
  { name: 'max-workers', kind: 'int', default: '10', usage: '' },
  { name: 'timeout', short: 't', kind: 'duration', default: '3m0s', usage: '' },
  { name: 'certificate', kind: 'string', default: '', usage: '', deprecated: 'please use --bundle' },
  { name: 'offline', kind: 'bool', default: 'false', usage: '', deprecated: 'think again' },
];

const parse = (line: string, env?: Record<string, string>) =>
  parseFlags(line === '' ? [] : line.split(' '), SPECS, { aliases: { cert: 'certificate' }, envPrefix: 'COSIGN', ...(env && { env }) });

describe('a flag', () => {
  test.each([
    ['takes the next word', '--key k', 'key', 'k'],
    ['takes what follows the equals sign', '--key=k', 'key', 'k'],
    ['keeps further equals signs', '--key=a=b', 'key', 'a=b'],
    ['may be empty after the equals sign', '--key=', 'key', ''],
    ['takes a word that looks like a flag', '--key --verbose', 'key', '--verbose'],
    ['takes a lone dash', '--key -', 'key', '-'],
    ['counts where it stands last', '--key a --key b', 'key', 'b'],
    ['has a default', '', 'output', 'text'],
    ['has a short form', '-o json', 'output', 'json'],
    ['in short form may be attached', '-ojson', 'output', 'json'],
    ['in short form may have an equals sign', '-o=json', 'output', 'json'],
    ['after switches in one word', '-do json', 'output', 'json'],
    ['has older spellings', '--cert c', 'certificate', 'c'],
    ['may follow positionals', 'file --key k', 'key', 'k'],
  ])('%s: %s', (_, line, name, value) => {
    expect(parse(line).text(name)).toBe(value);
  });

  test('that repeats collects its values', () => {
    expect(parse('-a x=1 --annotation y=2').list('annotation')).toEqual(['x=1', 'y=2']);
  });

  test('knows whether it was given', () => {
    expect([parse('--key=').given('key'), parse('').given('key')]).toEqual([true, false]);
  });
});

describe('a switch', () => {
  test.each<readonly [string, string, boolean]>([
    ['--verbose', 'verbose', true],
    ['-d', 'verbose', true],
    ['--verbose=false', 'verbose', false],
    ['-d=false', 'verbose', false],
    ['', 'check-claims', true],
    ['--check-claims=0', 'check-claims', false],
    ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((value) => [`--verbose=${value}`, 'verbose', true] as const),
    ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((value) => [`--check-claims=${value}`, 'check-claims', false] as const),
  ])('%s: %s is %s', (line, name, value) => {
    expect(parse(line).bool(name)).toBe(value);
  });

  test('does not take the next word', () => {
    const flags = parse('--verbose false');
    expect([flags.bool('verbose'), flags.positionals]).toEqual([true, ['false']]);
  });
});

describe('positionals', () => {
  test.each([
    ['a b', ['a', 'b']],
    ['a --key k b', ['a', 'b']],
    ['-', ['-']],
    ['a -- --key -d', ['a', '--key', '-d']],
    ['-- --', ['--']],
  ])('%s', (line, positionals) => {
    expect(parse(line).positionals).toEqual(positionals);
  });
});

describe('a mistake', () => {
  test.each([
    ['--nope', 'unknown flag: --nope'],
    ['--nope=x', 'unknown flag: --nope'],
    ['--Key x', 'unknown flag: --Key'],
    ['--toString', 'unknown flag: --toString'],
    ['--__proto__', 'unknown flag: --__proto__'],
    ['--=x', 'bad flag syntax: --=x'],
    ['---key', 'bad flag syntax: ---key'],
    ['--key', 'flag needs an argument: --key'],
    ['--cert', 'flag needs an argument: --cert'],
    ['-o', "flag needs an argument: 'o' in -o"],
    ['-do', "flag needs an argument: 'o' in -o"],
    ['-x', "unknown shorthand flag: 'x' in -x"],
    ['-dx', "unknown shorthand flag: 'x' in -x"],
    ['--verbose=maybe', 'invalid argument "maybe" for "-d, --verbose" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
    ['--check-claims=', 'invalid argument "" for "--check-claims" flag: strconv.ParseBool: parsing "": invalid syntax'],
    ['--max-workers x', 'invalid argument "x" for "--max-workers" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    ['--max-workers 1.5', 'invalid argument "1.5" for "--max-workers" flag: strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['--max-workers 09', 'invalid argument "09" for "--max-workers" flag: strconv.ParseInt: parsing "09": invalid syntax'],
    [
      '--max-workers 9223372036854775808',
      'invalid argument "9223372036854775808" for "--max-workers" flag: strconv.ParseInt: parsing "9223372036854775808": value out of range',
    ],
    ['--timeout 3x', 'invalid argument "3x" for "-t, --timeout" flag: time: unknown unit "x" in duration "3x"'],
    ['--timeout 3', 'invalid argument "3" for "-t, --timeout" flag: time: missing unit in duration "3"'],
    ['--timeout s', 'invalid argument "s" for "-t, --timeout" flag: time: invalid duration "s"'],
  ])('%s: %s', (line, message) => {
    expect(() => parse(line)).toThrow(expect.objectContaining({ message }));
  });

  test.each(['0x10', '0b11', '0o17', '017', '0', '-5', '+7', '9223372036854775807', '-9223372036854775808'])('%s is a number, as Go reads them', (text) => {
    expect(parse(`--max-workers ${text}`).text('max-workers')).toBe(text);
  });
});

describe('a deprecated flag', () => {
  test('says so each time it is given, in order', () => {
    expect(parse('--offline --cert c --offline=false').notices).toEqual([
      'Flag --offline has been deprecated, think again',
      'Flag --certificate has been deprecated, please use --bundle',
      'Flag --offline has been deprecated, think again',
    ]);
  });

  test('says nothing when its variable is set', () => {
    expect(parse('', { COSIGN_OFFLINE: 'true' }).notices).toEqual([]);
  });
});

describe('the environment', () => {
  test.each([
    ['sets a flag', '', { COSIGN_KEY: 'k' }, 'key', 'k'],
    ['turns dashes into underscores', '', { COSIGN_MAX_WORKERS: '3' }, 'max-workers', '3'],
    ['comes after the command line', '--key a', { COSIGN_KEY: 'k' }, 'key', 'a'],
    ['comes after an empty value too', '--key=', { COSIGN_KEY: 'k' }, 'key', ''],
    ['counts for nothing when empty', '', { COSIGN_OUTPUT: '' }, 'output', 'text'],
    ['needs the prefix', '', { KEY: 'k' }, 'key', ''],
  ])('%s', (_, line, env, name, value) => {
    expect(parse(line, env as unknown as Record<string, string>).text(name)).toBe(value);
  });

  test('with a value that cannot be read is a mistake', () => {
    expect(() => parse('', { COSIGN_VERBOSE: 'maybe' })).toThrow(/strconv\.ParseBool/);
  });
});

describe('help', () => {
  test.each(['--help', '-h', 'file --help', '-dh'])('%s', (line) => {
    expect(parse(line).help).toBe(true);
  });

  test('is a value where a value is due', () => {
    expect(parse('--key --help')).toMatchObject({ help: false });
  });
});

describe('durations, as Go reads them', () => {
  test.each([
    ['0', 0],
    ['3m0s', 180_000],
    ['1h2m3.5s', 3_723_500],
    ['.5s', 500],
    ['1.s', 1000],
    ['100ms', 100],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['1ns', 1e-6],
    ['-5s', -5000],
    ['+5s', 5000],
    ['-0', -0],
    ['1000h', 3_600_000_000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBeCloseTo(milliseconds, 9);
  });

  test.each(['', ' ', '5', '5 s', 's', '.', '.s', '-', '+', '1h2', '1x', '1hs', '--1s', '1S', '3000000h', 'toString', '1__proto__', '１s'])(
    '%j is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});
