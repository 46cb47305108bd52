/**
 * `TOOL __complete -- WORD… PARTIAL`, for the scripts of `TOOL completion` (completion.ts): what may stand in the place of the last word, one candidate a line,
 * `NAME<tab>SUMMARY`. Nothing where a file or a text of the user's own is due.
 */
import { anyNumber, type Command, type CommandEntry } from './command.ts';
import type { FlagSpec } from './pflag.ts';

export interface CompletableTool {
  readonly commands: readonly CommandEntry[];
  readonly globals: readonly FlagSpec[];
}

export function completeCommand(tool: CompletableTool): Command {
  return {
    usage: '__complete -- WORD… PARTIAL',
    examples: '',
    flags: [],
    arity: anyNumber,
    ignoresVariables: true,
    async run({ positionals }, { io }) {
      const partial = positionals.at(-1) ?? '';
      for (const { name, summary } of await candidates(positionals.slice(0, -1), partial, tool)) io.stdout(`${name}\t${summary}\n`);
    },
  };
}

interface Candidate {
  readonly name: string;
  readonly summary: string;
}

async function candidates(before: readonly string[], partial: string, { commands, globals }: CompletableTool): Promise<readonly Candidate[]> {
  const path = before.filter((word) => !word.startsWith('-'));
  const entry = commands.findLast(({ name }) => name.split(' ').every((word, i) => word === path[i]));
  const flags = [...((await entry?.load())?.flags ?? []), ...globals];
  // Some tools read `-word` and `--o` as `--word` and `-o`, and have done so before we see them.
  if (partial.startsWith('-')) return flagsLike(partial.replace(/^-+/, ''), flags);
  if (entry !== undefined || takesValue(before.at(-1) ?? '', flags)) return [];
  return commandsLike(path, partial, commands);
}

function flagsLike(start: string, flags: readonly FlagSpec[]): Candidate[] {
  const shown = flags.filter(({ name, deprecated, hidden }) => name.startsWith(start) && deprecated === undefined && hidden !== true);
  return shown.map(({ name, usage }) => ({ name: `--${name}`, summary: usage }));
}

function takesValue(word: string, flags: readonly FlagSpec[]): boolean {
  return flags.some(({ name, short, kind }) => kind !== 'bool' && (word === `--${name}` || word === `-${short}`));
}

/** The next word of every command below `path`: of `bundle create` first `bundle`, whose summary is what it has, then `create`. */
function commandsLike(path: readonly string[], partial: string, commands: readonly CommandEntry[]): Candidate[] {
  const below = commands.filter((entry) => isShown(entry) && path.every((word, i) => word === entry.name.split(' ')[i]));
  const summaries = new Map<string, string>();
  for (const { name, summary } of below) {
    const [word = '', ...rest] = name.split(' ').slice(path.length);
    const others = summaries.get(word);
    const own = rest.length === 0 ? summary : rest.join(' ');
    if (word.startsWith(partial)) summaries.set(word, others === undefined ? own : `${others}, ${own}`);
  }
  return [...summaries].map(([name, summary]) => ({ name, summary }));
}

function isShown({ deprecated, hidden }: CommandEntry): boolean {
  return deprecated === undefined && hidden !== true;
}
