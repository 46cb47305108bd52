/** Installing whatever is newest, and running what a server answers. */
import type { Command, Word } from '../read/shell.ts';
import { type Tool, toolOf } from '../read/tool.ts';
import { anchorOf, type Seen, type Stretch, stretch } from './command.ts';

export function checkInstaller(seen: Seen): void {
  const { name, words } = seen.tool;
  if (DOWNLOADERS.has(name)) {
    checkPiped(seen);
    checkInsecure(seen);
  } else if (name === 'go') checkGo(seen);
  if (SHELLS.has(name)) checkSubstituted(seen);
  PACKAGES.find((one) => one.tools.test(name) && one.command.test(words.map(({ text }) => text).join(' ')))?.check(seen);
}

/** `curl … | sh` */
function checkPiped(seen: Seen): void {
  let { command } = seen;
  while (command.operator === '|' && command.next !== undefined) {
    command = command.next;
    const tool = toolOf(command);
    const name = tool?.name ?? '';
    if (tool !== undefined && runsInput(tool)) report(seen, stretch(seen, seen.command, command), `${name} runs whatever the server answers`);
    if (!PASSES_ON.has(name)) return;
  }
}

/** A program of its own, or a file, leaves standard input for data. */
function runsInput({ name, words }: Tool): boolean {
  if (!SHELLS.has(name)) return false;
  if (words.some(({ text }) => text === '-s')) return true;
  return words.every(({ text }) => /^-(?!\w*[cemnp])/.test(text));
}

/** `sh -c "$(curl …)"`, `bash <(curl …)` */
function checkSubstituted(seen: Seen): void {
  const word = seen.tool.words.find(({ text }) => /^(?:\$\(|<\(|`)\s*(?:curl|wget)\s/.test(text));
  if (word !== undefined) report(seen, stretch(seen, seen.tool.word, word), `${seen.tool.name} runs whatever the server answers`);
}

/** `curl -k` */
function checkInsecure(seen: Seen): void {
  const { page, tool } = seen;
  const flag = tool.words.find(({ text }) => (tool.name === 'curl' ? /^(?:--insecure|-[a-zA-Z]*k[a-zA-Z]*)$/.test(text) : text === '--no-check-certificate'));
  if (flag === undefined || tool.words.some(({ text }) => /\/\/(?:localhost|127\.|\[::1\]|\$)/.test(text))) return;
  page.report('check-disabled', stretch(seen, flag), { says: 'anybody on the way can answer for the server', correction: '', anchor: anchorOf(seen) });
}

/** `…/releases/latest/download/…` that nothing verifies: of all commands of a block. */
export function checkLatest(all: readonly Seen[]): void {
  if (all.some(({ tool }) => isVerifier(tool))) return;
  for (const seen of all.filter(({ tool }) => DOWNLOADERS.has(tool.name))) {
    const word = seen.tool.words.find(({ text }) => text.includes(LATEST));
    if (word !== undefined)
      report(seen, stretch(seen, word), 'it is whatever was released last, and nothing verifies it', word.text.replace(LATEST, '/releases/download/VERSION/'));
  }
}

function checkGo(seen: Seen): void {
  const [command] = seen.tool.words;
  if (command?.text !== 'install' && command?.text !== 'run') return;
  for (const word of seen.tool.words) {
    const found = /^([\w.-]+\.[\w.-]+\/\S*)@(?:latest|main|master|HEAD|upgrade)$/.exec(word.text);
    if (found !== null) report(seen, stretch(seen, word), 'it is whatever is newest', `${found[1]}@VERSION`);
  }
}

interface PackageTool {
  readonly tools: RegExp;
  /** Of all words behind the tool. */
  readonly command: RegExp;
  check(seen: Seen): void;
}

const PACKAGES: readonly PackageTool[] = [
  {
    tools: /^(?:npm|pnpm|bun)$/,
    command: /^(?:install|i|add)(?=.* (?:-g|--global)(?: |$))/,
    check: (seen) =>
      checkPackages(seen, seen.tool.words.slice(1), (name) =>
        /^@?[\w./-]+$/.test(name) && !/^\.|\//.test(name.replace(/^@[\w.-]+\//, '')) ? `${name}@VERSION` : undefined,
      ),
  },
  {
    tools: /^pip3?$/,
    command: /^install(?: |$)(?!.*(?: -r| --requirement| -c| --require-hashes| -e| --editable))/,
    check: (seen) => checkPackages(seen, seen.tool.words.slice(1), pinned),
  },
  { tools: /^pipx$/, command: /^install /, check: (seen) => checkPackages(seen, seen.tool.words.slice(1), pinned) },
  { tools: /^uv$/, command: /^(?:tool|pip) install /, check: (seen) => checkPackages(seen, seen.tool.words.slice(2), pinned) },
  {
    tools: /^python[\d.]*$/,
    command: /^-m pip install (?!.*(?:-r|--requirement|-e|--editable) )/,
    check: (seen) => checkPackages(seen, seen.tool.words.slice(3), pinned),
  },
  {
    tools: /^cargo$/,
    command: /^install (?!.*(?:--version|--git|--path|--vers))/,
    check: (seen) => checkPackages(seen, seen.tool.words.slice(1), (name) => (/^[\w-]+$/.test(name) ? `${name}@VERSION` : undefined)),
  },
];

/** A bare name, perhaps with extras; paths, archives and `name==1.2` are something else. */
const pinned = (name: string): string | undefined => (/^[A-Za-z][\w-]*(?:\[[\w,-]+\])?$/.test(name) ? `${name}==VERSION` : undefined);

function checkPackages(seen: Seen, words: readonly Word[], correct: (name: string) => string | undefined): void {
  const rest = words.filter(({ text }, i) => !text.startsWith('-') && !VALUED.test(words[i - 1]?.text ?? ''));
  for (const word of rest) {
    const correction = correct(word.text);
    if (correction !== undefined) report(seen, stretch(seen, word), 'it is whatever is newest', correction);
  }
}

function report(seen: Seen, place: Stretch, says: string, correction?: string): void {
  seen.page.report('installer-not-pinned', place, { says, correction, anchor: anchorOf(seen) });
}

/** Whether a command tells of whom something is, by its signature or provenance. */
export function isVerifier({ name, words }: Tool): boolean {
  const [first = '', second = ''] = words.filter(({ text }) => !text.startsWith('-')).map(({ text }) => text);
  switch (name) {
    case 'cosign':
      return first.startsWith('verify');
    case 'slsa-verifier':
      return true;
    case 'gh':
      return /^(?:attestation|at)$/.test(first) && second === 'verify';
    case 'assay':
      return first === 'verify' || second === 'verify';
    case 'gpg':
    case 'gpgv':
    case 'minisign':
    case 'signify':
      return name !== 'gpg' || words.some(({ text }) => text === '--verify');
    default:
      return false;
  }
}

/** Also against checksums. */
export function isCheck(command: Command): boolean {
  const tool = toolOf(command);
  return tool !== undefined && (isVerifier(tool) || isChecksums(tool));
}

/** `sha256sum -c FILE` */
export function isChecksums({ name, words }: Tool): boolean {
  return /^(?:sha\d+sum|shasum|b2sum|gsha256sum)$/.test(name) && words.some(({ text }) => /^(?:--check|-[a-z]*c[a-z]*)$/.test(text));
}

const DOWNLOADERS: ReadonlySet<string> = new Set(['curl', 'wget']);
const SHELLS: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'zsh',
  'dash',
  'ash',
  'ksh',
  'fish',
  'eval',
  'source',
  '.',
  'python',
  'python3',
  'perl',
  'ruby',
  'node',
  'iex',
]);
const PASSES_ON: ReadonlySet<string> = new Set(['tee', 'cat', 'gunzip', 'zcat', 'sed', 'tr', 'envsubst', 'base64', 'tac']);
const LATEST = '/releases/latest/download/';
const VALUED =
  /^(?:--prefix|--registry|--index-url|-i|--extra-index-url|-t|--target|--python|--root|--features|--bin|--target-dir|--proxy|--cache-dir|--user-agent)$/;
