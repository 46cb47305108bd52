/**
 * Templates of Helm that are no YAML yet. Lines are all there is: what stands behind `image:` letter by letter is a reference, what a template fills in
 * is told about. Comments of the template are no part of it.
 */
import { Lines } from './lines.ts';
import type { Reading } from './model.ts';
import { Notes } from './notes.ts';

export function findInTemplate(text: string): Reading {
  const notes = new Notes(new Lines(text));
  const bare = text.replace(/\{\{-?\s*\/\*.*?\*\/\s*-?\}\}/gs, (comment) => comment.replace(/[^\r\n]/g, ' '));
  for (const match of bare.matchAll(IMAGE_LINE)) {
    const { before = '', rest = '' } = match.groups ?? {};
    const offset = match.index + before.length;
    const spot = { kind: 'image', format: 'helm-template', offset } as const;
    if (rest.includes('{{')) {
      notes.remark(spot, rest.trim(), 'skipped', 'a template fills it in');
      continue;
    }
    const { quoted, plain } = VALUE.exec(rest)?.groups ?? {};
    const value = quoted?.slice(1, -1) ?? plain ?? '';
    if (value !== '' && !/^[|>&*!]/.test(value)) notes.inline({ ...spot, offset: offset + (quoted === undefined ? 0 : 1) }, value);
  }
  return { findings: notes.findings, placeholders: [] };
}

const IMAGE_LINE = /^(?<before>[ \t]*(?:- +)*(["']?)image\2[ \t]*:[ \t]+)(?<rest>[^\r\n]+)/gm;
const VALUE = /^(?:(?<quoted>"[^"\\]*"|'[^']*')|(?<plain>[^\s"'#]+))[ \t]*(?:[ \t]#.*)?$/;
