/** What a file consists of, as far as rules look at it: scripts, YAML, instructions of Dockerfiles. */
import { Excerpt, type Piece, type Value } from '../excerpt.ts';
import type { PageScript, Place } from '../page.ts';
import { linesOf } from '../source.ts';
import { typedIn } from './console.ts';
import { type Instruction, instructionsOf } from './dockerfile.ts';
import { kindOfFile } from './kind.ts';
import { type Code, codeIn } from './markdown.ts';
import { parseShell } from './shell.ts';
import { at, mapsIn, readYaml, textAt, type YamlEntry, type YamlMap, type YamlNode, type YamlText } from './yaml.ts';

export interface Blocks {
  readonly scripts: readonly PageScript[];
  readonly yaml: readonly YamlText[];
  readonly instructions: readonly Instruction[];
  /** Values that YAML gives to variables of scripts. */
  readonly variables: ReadonlyMap<string, Value>;
}

export function readBlocks(name: string, text: string): Blocks {
  const reader = new BlockReader();
  reader.file(name, text);
  return reader;
}

class BlockReader implements Blocks {
  readonly scripts: PageScript[] = [];
  readonly yaml: YamlText[] = [];
  readonly instructions: Instruction[] = [];
  readonly variables = new Map<string, Value>();

  file(name: string, text: string): void {
    const file = Excerpt.of(text);
    const kind = kindOfFile(name, text);
    if (kind === 'markdown') for (const code of codeIn(text)) this.#code(code);
    else if (kind === 'yaml' || (kind === 'json' && JSON_KEYS.test(text))) this.#yaml(file);
    else if (kind === 'shell') this.#shell(file, 'script');
    else if (kind === 'dockerfile') this.#dockerfile(file);
    else if (kind === 'makefile') this.#makefile(file);
    else if (kind === 'text') this.#shell(commandsIn(file), 'page');
  }

  #code({ form, language, excerpt }: Code): void {
    const { text } = excerpt;
    if (form === 'inline') {
      if (INLINE.test(text)) this.#shell(excerpt, 'inline');
    } else if (form === 'indented') this.#shell(typedIn(excerpt) ?? commandsIn(excerpt), 'page');
    else if (YAML_NAMES.has(language)) this.#yaml(excerpt);
    else if (DOCKER_NAMES.has(language)) this.#dockerfile(excerpt);
    else if (language === 'makefile' || language === 'make') this.#makefile(excerpt);
    else if (SHELL_NAMES.has(language)) this.#shell(typedIn(excerpt) ?? excerpt, 'page');
    else if (language === '') this.#unnamed(excerpt);
  }

  #unnamed(excerpt: Excerpt): void {
    const typed = typedIn(excerpt);
    const first = /^(?!\s*(?:#|$)).*/m.exec(excerpt.text.slice(0, MAX_HEAD))?.[0] ?? '';
    if (typed !== undefined) this.#shell(typed, 'page');
    else if (/^\s*(?:---|(?:- )?[\w.-]+:(?:\s|$))/.test(first)) this.#yaml(excerpt);
    else if (/^FROM\s/.test(first)) this.#dockerfile(excerpt);
    else this.#shell(excerpt, 'page');
  }

  #shell(excerpt: Excerpt, place: Place, pipefail = place === 'page' || place === 'inline' ? undefined : /pipefail/.test(excerpt.text)): void {
    const script = parseShell(excerpt);
    this.scripts.push({ ...script, place, pipefail });
    for (const { start, end } of script.documents) {
      const inner = excerpt.slice(start, end);
      if (/^\s*apiVersion:/m.test(inner.text)) this.#yaml(inner);
    }
  }

  #dockerfile(excerpt: Excerpt): void {
    const instructions = [...instructionsOf(excerpt)];
    for (const instruction of instructions) this.instructions.push(instruction);
    const pipefail = instructions.some(({ name, excerpt: { text } }) => name === 'SHELL' && text.includes('pipefail'));
    for (const { name, excerpt: inner } of instructions) if (name === 'RUN') this.#shell(inner, 'image', pipefail || /pipefail/.test(inner.text));
  }

  #makefile(excerpt: Excerpt): void {
    const { text } = excerpt;
    const pieces = linesOf(text).flatMap(({ start, end, next }): Piece[] => {
      const lead = /^\t[@+-]*/.exec(text.slice(start, Math.min(end, start + MAX_LEAD)))?.[0].length;
      return lead === undefined ? [] : dollars(text, start + lead, next);
    });
    this.#shell(excerpt.join(pieces), 'recipe', /pipefail/.test(text));
  }

  #yaml(excerpt: Excerpt): void {
    const yaml = readYaml(excerpt);
    this.yaml.push(yaml);
    for (const document of yaml.documents) {
      const shell = textAt(document, 'defaults', 'run', 'shell');
      for (const { map, path } of mapsIn(document)) {
        if (/^(?:env|variables)$/.test(path.at(-1) ?? '')) this.#environment(map);
        for (const entry of map.entries) this.#run(entry, textAt(map, 'shell') ?? shell);
      }
    }
    for (const entry of yaml.loose) this.#run(entry, 'unknown');
  }

  #environment(map: YamlMap): void {
    for (const { key, node } of map.entries) if (node.kind === 'scalar') this.variables.set(key, node.value);
  }

  #run({ key, node }: YamlEntry, shell: string | undefined): void {
    if (key === 'run') {
      const command = at(node, 'command') ?? node;
      // GitHub's own bash has pipefail when it is asked for by name, and not by default.
      const pipefail = shell === undefined || shell === 'sh' ? false : shell === 'bash' || undefined;
      if (command.kind === 'scalar' && !/^(?:pwsh|powershell|cmd|python)/.test(shell ?? '')) {
        this.#shell(command.excerpt, 'github', pipefail === false && /pipefail/.test(command.text) ? true : pipefail);
      }
    } else if (SCRIPT_KEYS.has(key)) for (const one of scalarsOf(node)) this.#shell(one, 'gitlab', true);
  }
}

function scalarsOf(node: YamlNode): readonly Excerpt[] {
  if (node.kind === 'list') return node.items.flatMap(scalarsOf);
  return node.kind === 'scalar' ? [node.excerpt] : [];
}

/** In a recipe `$$` is the shell's `$`. */
function dollars(text: string, start: number, end: number): Piece[] {
  const pieces: Piece[] = [];
  let here = start;
  for (let found = text.indexOf('$$', here); found >= 0 && found < end; found = text.indexOf('$$', here)) {
    pieces.push({ start: here, end: found }, { start: found, end: found + 2, text: '$' });
    here = found + 2;
  }
  return [...pieces, { start: here, end }];
}

/** Of text without marks: lines behind a prompt, or indented lines that begin with a tool and have a flag, as far as they go. */
function commandsIn(excerpt: Excerpt): Excerpt {
  const typed = typedIn(excerpt);
  if (typed !== undefined) return typed;
  const { text } = excerpt;
  let goesOn = false;
  const pieces = linesOf(text).filter(({ start, end }) => {
    const head = text.slice(start, Math.min(end, start + MAX_HEAD));
    const isCommand = goesOn || (/^(?: {2,}|\t)/.test(head) && INLINE.test(head.trimStart()) && /\s-{1,2}\w|\\\s*$/.test(head));
    goesOn = isCommand && /\\[ \t]*$/.test(text.slice(Math.max(start, end - MAX_LEAD), end));
    return isCommand;
  });
  return excerpt.join(pieces.map(({ start, next }) => ({ start, end: next })));
}

const INLINE = /^(?:[A-Z_]+=\S+\s+)*(?:cosign|slsa-verifier|gh\s+(?:attestation|at)|assay)\s/;
const SCRIPT_KEYS: ReadonlySet<string> = new Set(['script', 'before_script', 'after_script', 'cmds', 'bash']);
const JSON_KEYS = /"(?:image|uses|run|keyless|identities|subjectRegExp|issuerRegExp|signers|apiVersion)"\s{0,20}:/;
const YAML_NAMES: ReadonlySet<string> = new Set(['yaml', 'yml', 'json', 'jsonc']);
const DOCKER_NAMES: ReadonlySet<string> = new Set(['dockerfile', 'docker', 'containerfile']);
const SHELL_NAMES: ReadonlySet<string> = new Set(
  'sh bash shell zsh ksh dash ash fish console terminal shell-session shellsession sh-session session'.split(' '),
);
const MAX_HEAD = 4000;
const MAX_LEAD = 40;
