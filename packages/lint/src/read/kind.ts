/** What a file is, by its name, or by how it begins. */
export type FileKind = 'markdown' | 'yaml' | 'json' | 'shell' | 'dockerfile' | 'makefile' | 'code' | 'text';

export function kindOfFile(name: string, text: string): FileKind {
  const file = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1).toLowerCase();
  if (/^(?:dockerfile|containerfile)(?:\.|$)|\.(?:dockerfile|containerfile)$/.test(file)) return 'dockerfile';
  if (/^(?:gnu)?makefile$|\.mk$/.test(file)) return 'makefile';
  const extension = /\.(\w+)$/.exec(file)?.[1] ?? '';
  return BY_EXTENSION.get(extension) ?? kindOfText(text);
}

/** Of standard input, and of files whose names say nothing. */
function kindOfText(text: string): FileKind {
  const head = text.slice(0, MAX_HEAD);
  if (/^#!.*\b(?:sh|bash|dash|zsh|ksh|ash|bats)\b/.test(head)) return 'shell';
  if (head.startsWith('#!')) return 'code';
  if (/^\s*\{/.test(head)) return 'json';
  if (/^(?:```|~~~)/m.test(head)) return 'markdown';
  const first = /^(?!\s*(?:#|$)).*/m.exec(head)?.[0] ?? '';
  if (/^FROM\s/i.test(first)) return 'dockerfile';
  if (/^(?:---|%YAML|[\w.-]+:(?:\s|$)|- [\w.-]+:)/.test(first)) return 'yaml';
  return COMMAND.test(first) ? 'shell' : 'text';
}

/** A line that begins like a command of the field, and goes on with a flag, a pipe or a path. */
const COMMAND =
  /^\s*(?:(?:[A-Z_]+=\S*|export|sudo|assay)\s+)*(?:set -|[A-Z_]+=|(?:cosign|slsa-verifier|gh|curl|wget|crane|helm|docker|kubectl|npm|pip3?|go|cargo|assay)\s+\S.*(?:\s-|\||\/|@))/;
const BY_EXTENSION: ReadonlyMap<string, FileKind> = new Map(
  (
    [
      ['markdown', 'md markdown mdx mkd mdown'],
      ['yaml', 'yml yaml'],
      ['json', 'json'],
      ['shell', 'sh bash zsh ksh bats envrc'],
      ['text', 'txt rst adoc asciidoc org text 1'],
      // Command lines in strings of programs are made at run time: only hosts are looked for.
      [
        'code',
        'go mod sum ts mts cts tsx js mjs cjs jsx py pyi rb rs java kt kts scala c h cc cpp hpp cs php swift lua pl ex exs erl hs ml clj sql proto tf hcl cue rego nix css scss html htm xml svg toml ini cfg conf lock csv tsv jsonl ps1 psm1 bat cmd tpl gotmpl map snap po',
      ],
    ] as const
  ).flatMap(([kind, extensions]) => extensions.split(' ').map((extension): [string, FileKind] => [extension, kind])),
);
const MAX_HEAD = 4000;
