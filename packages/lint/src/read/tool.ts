/** Which tool a command runs, and with what: behind `sudo`, `if`, `env`, `assay`, and inside `docker run IMAGE`. */
import { after, type Command, type Word } from './shell.ts';

export interface Tool {
  /** `cosign`, `gh`, `curl`: without folder, version or `.exe`. */
  readonly name: string;
  readonly word: Word;
  /** What follows. */
  readonly words: readonly Word[];
}

export function toolOf({ words }: Command): Tool | undefined {
  for (let i = 0; i < Math.min(words.length, MAX_STEPS); i++) {
    const word = words[i] as Word;
    const name = nameOf(word.text);
    const next = words[i + 1]?.text ?? '';
    if (STEPS.has(name) || /^[A-Za-z_]\w*=/.test(word.text) || (name === 'assay' && COMPATIBLE.has(next))) continue;
    if (LEADERS.has(name)) {
      while (/^-|^\d+[smh]?$|=/.test(words[i + 1]?.text ?? '') && i < MAX_STEPS) i += 1;
      continue;
    }
    const tool = { name, word, words: words.slice(i + 1) };
    return CONTAINERS.has(name) && next === 'run' ? (inContainer(tool.words) ?? tool) : tool;
  }
  return undefined;
}

function nameOf(text: string): string {
  const file = text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1);
  return file.replace(/\.exe$/, '').replace(/^(cosign|slsa-verifier|crane)-(?:linux|darwin|windows)-[\w-]+$/, '$1');
}

/** `docker run --rm gcr.io/projectsigstore/cosign:v3 verify …` */
function inContainer(words: readonly Word[]): Tool | undefined {
  const at = words.findIndex(({ text }) => IMAGES.test(text));
  const word = words[at];
  const name = IMAGES.exec(word?.text ?? '')?.[1];
  return word === undefined || name === undefined ? undefined : { name, word, words: words.slice(at + 1) };
}

export interface Flag {
  /** Without dashes, `=` and value. */
  readonly name: string;
  readonly word: Word;
  readonly value: Word | undefined;
  /** `-flag`, as Go's own parser had it. */
  readonly hasOneDash: boolean;
}

export interface Arguments {
  readonly flags: readonly Flag[];
  readonly positionals: readonly Word[];
  flag(...names: string[]): Flag | undefined;
}

export interface FlagRules {
  /** Those that take no value: what follows is a positional. */
  readonly switches: ReadonlySet<string>;
  /** One letter for a name. */
  readonly short: Readonly<Record<string, string>>;
}

export function argumentsOf(words: readonly Word[], rules: FlagRules, source: string): Arguments {
  const flags: Flag[] = [];
  const positionals: Word[] = [];
  const rest = [...words].reverse();
  for (let word = rest.pop(); word !== undefined; word = rest.pop()) {
    if (word.text === '--') {
      return { flags, positionals: [...positionals, ...rest.reverse()], flag: flagIn(flags) };
    }
    const flag = flagOf(word, rest, rules, source);
    if (flag === undefined) positionals.push(word);
    else flags.push(flag);
  }
  return { flags, positionals, flag: flagIn(flags) };
}

const flagIn =
  (flags: readonly Flag[]): Arguments['flag'] =>
  (...names) =>
    flags.find(({ name }) => names.includes(name));

/** Takes its value from `rest`, whose last is next. */
function flagOf(word: Word, rest: Word[], { switches, short }: FlagRules, source: string): Flag | undefined {
  const [whole, dashes = '', written = '', inline] = /^(--?)([A-Za-z][\w-]*)(=)?/.exec(word.text) ?? [];
  if (whole === undefined || (inline === undefined && whole !== word.text)) return undefined;
  const name = dashes === '-' ? (short[written] ?? written) : written;
  const flag = { name, word, hasOneDash: dashes === '-' && written.length > 1 };
  if (inline !== undefined) {
    const isPlain = source.startsWith(whole, word.start);
    return { ...flag, value: isPlain ? after(word, whole.length, source) : { ...word, text: word.text.slice(whole.length), quotes: 'mixed' } };
  }
  const takesNext = !switches.has(name) && rest.length > 0 && !/^--?[A-Za-z]/.test(rest.at(-1)?.text ?? '');
  return { ...flag, value: takesNext ? rest.pop() : undefined };
}

/** So many words may stand before a command. */
const MAX_STEPS = 30;
/** They have flags and numbers of their own. */
const LEADERS: ReadonlySet<string> = new Set(['sudo', 'env', 'timeout']);
/** They lead to the command that is run. */
const STEPS: ReadonlySet<string> = new Set([
  'if',
  'then',
  'else',
  'elif',
  'while',
  'until',
  'do',
  '!',
  '{',
  'time',
  'exec',
  'command',
  'nohup',
  'builtin',
  '$',
  '%',
  '@',
  '-',
  'run:',
]);
const COMPATIBLE: ReadonlySet<string> = new Set(['cosign', 'slsa-verifier', 'gh', 'crane', 'helm']);
const CONTAINERS: ReadonlySet<string> = new Set(['docker', 'podman', 'nerdctl']);
const IMAGES = /(?:^|\/)(cosign|slsa-verifier|crane)(?:[:@][\w.:-]*)?$/;
