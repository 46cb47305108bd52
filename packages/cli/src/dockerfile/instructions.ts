/**
 * A Dockerfile as instructions (Dockerfile reference, "Format"):
 *
 *   # escape=`              a directive: only before anything else; then the backquote continues lines instead of the backslash
 *   # comment               on a line of its own, also between continued lines
 *   FROM image AS name      keyword in any case, and its arguments
 *   RUN a \                 goes on in the next line
 *   RUN <<EOF               a here-document: up to a line EOF nothing is an instruction
 *
 * Each line that Docker takes for an instruction must be one here too: what is passed over is not verified. So the rules are BuildKit's to the letter, and
 * what is no instruction is an error, as it is there.
 */
import { CommandError } from '../cobra/failure.ts';
import { splitWords } from './words.ts';

export interface Instruction {
  /** In upper case. */
  readonly keyword: string;
  readonly args: string;
  /** As written, on one line. */
  readonly line: string;
}

export interface Dockerfile {
  readonly instructions: readonly Instruction[];
  /** The character that continues lines, and takes the meaning of the next one. */
  readonly escape: string;
}

/** Errors: what is no instruction, a here-document without end. */
export function parseDockerfile(text: string): Dockerfile {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const escapeChar = readEscape(lines);
  const instructions: Instruction[] = [];
  for (let at = 0; at < lines.length; ) {
    const { line, next } = joinLine(lines, at, escapeChar);
    at = next;
    const [keyword = '', args = ''] = splitKeyword(line);
    if (keyword === '') continue;
    if (!KEYWORDS.has(keyword.toUpperCase())) throw new CommandError(`unknown instruction: ${keyword} in line ${JSON.stringify(line)}`);
    instructions.push({ keyword: keyword.toUpperCase(), args, line });
    at = afterHeredocs({ keyword: keyword.toUpperCase(), args, line }, lines, { start: at, escapeChar });
  }
  return { instructions, escape: escapeChar };
}

/** Directives stand first, each once; the first line that is none ends them. */
function readEscape(lines: readonly string[]): string {
  const seen = new Set<string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^\s*#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$/.exec(line) ?? [];
    const directive = name.toLowerCase();
    if (!DIRECTIVES.has(directive) || seen.has(directive)) return '\\';
    seen.add(directive);
    if (directive === 'escape' && (value === '`' || value === '\\')) return value;
  }
  return '\\';
}

/** An instruction with the lines it goes on in. Comments and empty lines among them do not end it. */
function joinLine(lines: readonly string[], start: number, escapeChar: string): { line: string; next: number } {
  const parts: string[] = [];
  for (let at = start; at < lines.length; at += 1) {
    const text = (lines[at] ?? '').replace(LEADING_SPACE, '');
    if (text.startsWith('#') || (parts.length > 0 && text === '')) continue;
    const end = text.replace(/[ \t]+$/, '');
    // Two escapes in a row continue nothing.
    const goesOn = end.endsWith(escapeChar) && end.at(-2) !== escapeChar;
    parts.push(goesOn ? end.slice(0, -1) : text);
    if (!goesOn) return { line: trim(parts.join('')), next: at + 1 };
  }
  return { line: trim(parts.join('')), next: lines.length };
}

function splitKeyword(line: string): string[] {
  const [, keyword = '', args = ''] = /^([^\t\v\f\r ]+)(?:[\t\v\f\r ]+(.*))?$/s.exec(line) ?? [];
  return [keyword, trim(args)];
}

function trim(text: string): string {
  return text.replace(LEADING_SPACE, '').replace(/[\s\u0085]+$/, '');
}

/** Behind the here-documents that an instruction opens. */
function afterHeredocs({ keyword, args, line }: Instruction, lines: readonly string[], { start, escapeChar }: { start: number; escapeChar: string }): number {
  const [inner = ''] = keyword === 'ONBUILD' ? splitKeyword(args) : [keyword];
  if (!WITH_HEREDOCS.has(inner.toUpperCase()) || !args.includes('<<')) return start;
  let at = start;
  for (const { name, isIndented } of heredocsOf(args, escapeChar)) {
    while (at < lines.length && (isIndented ? lines[at]?.replace(/^\t+/, '') : lines[at]) !== name) at += 1;
    if (at === lines.length) throw new CommandError(`unterminated heredoc in line ${JSON.stringify(line)}`);
    at += 1;
  }
  return at;
}

/** `<<EOF`, `<<-EOF`, `3<<'EOF'`: words of their own, not within quotes. */
function heredocsOf(args: string, escapeChar: string): { name: string; isIndented: boolean }[] {
  return splitWords(args, escapeChar).flatMap((word) => {
    const [, dash, , name] = /^\d*<<(-?)(['"]?)([A-Za-z_][A-Za-z0-9_.-]*)\2$/.exec(word) ?? [];
    return name === undefined ? [] : [{ name, isIndented: dash === '-' }];
  });
}

const DIRECTIVES: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);
const WITH_HEREDOCS: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD']);
/** Go counts U+0085 as white space, JavaScript does not. */
const LEADING_SPACE = /^[\s\u0085]+/;
const KEYWORDS: ReadonlySet<string> = new Set([
  ...['ADD', 'ARG', 'CMD', 'COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'HEALTHCHECK', 'LABEL', 'MAINTAINER'],
  ...['ONBUILD', 'RUN', 'SHELL', 'STOPSIGNAL', 'USER', 'VOLUME', 'WORKDIR'],
]);
