/** A command of a page, as the rules for commands see it. */
import type { Page, PageScript } from '../page.ts';
import type { Command, Word } from '../read/shell.ts';
import { type Arguments, argumentsOf, type Flag, type FlagRules, type Tool } from '../read/tool.ts';

export interface Seen {
  readonly page: Page;
  readonly script: PageScript;
  readonly command: Command;
  readonly tool: Tool;
}

export function argumentsIn({ script, tool }: Seen, rules: FlagRules): Arguments {
  return argumentsOf(tool.words, rules, script.excerpt.text);
}

export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** In the file, from one word to another. */
export function stretch({ script }: Seen, from: Word | Command, to: Word | Command = from): Stretch {
  return { start: script.excerpt.fileStart(from.start), end: script.excerpt.fileEnd(to.end) };
}

export function flagStretch(seen: Seen, { word, value }: Flag): Stretch {
  return stretch(seen, word, value ?? word);
}

export function anchorOf({ script, command }: Seen): number {
  return script.excerpt.fileStart(command.start);
}

/** Whether flags may be hidden in what is not known: `$SIGNER`, `…`, `[flags]`, `--help`. */
export function isUnsure({ tool }: Seen, { positionals, flags }: Arguments): boolean {
  const hidden = positionals.filter(({ text }) => /^\$/.test(text) && !/DIGEST|IMAGE|IMG|REF|FILE|ARTIFACT|BLOB|TAR|BINARY|NAME|URI|CHART|PACKAGE/i.test(text));
  return (
    hidden.length > 0 ||
    positionals.some(({ text }) => /\.\.\.|…|^\[|^<.*(?:flag|arg|option)|^\(|\[@\]|\$\*|\$@|(?:ARGS|FLAGS|OPTS|OPTIONS)\b/i.test(text)) ||
    tool.words.some(({ text }) => text === '-h') ||
    flags.some(({ name }) => name === 'help' || name === 'h')
  );
}

/** Nobody's command yet: a name with a flag or two in a sentence. */
export function isMention({ script }: Seen, { positionals, flags }: Arguments, least: number): boolean {
  return positionals.length < least || (script.place === 'inline' && flags.length === 0);
}
