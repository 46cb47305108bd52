/** Texts that a pattern was written for, from its tree. */
import { RE2JS } from 're2js';
import type { Choice, Node } from './parse.ts';

/** Instead of what stands at a node. */
export type Replacement = ReadonlyMap<Node, string>;

/** The first alternative, as little as will do; dots stand for themselves. Undefined: nothing was found that a class accepts, or it grows too long. */
export function sampleOf(choice: Choice, replaced: Replacement = NOTHING, chosen: ReadonlySet<readonly Node[]> = NONE): string | undefined {
  const sequence = choice.find((one) => chosen.has(one)) ?? choice[0] ?? [];
  let text = '';
  for (const node of sequence) {
    const one = replaced.get(node) ?? sampleOfNode(node, replaced, chosen);
    if (one === undefined) return undefined;
    text += one;
    if (text.length > MAX_SAMPLE) return undefined;
  }
  return text;
}

function sampleOfNode(node: Node, replaced: Replacement, chosen: ReadonlySet<readonly Node[]>): string | undefined {
  switch (node.kind) {
    case 'literal':
      return node.char;
    case 'any':
      return '.';
    case 'class':
      return LIKELY.find((char) => accepts(node.text, char));
    case 'start':
    case 'end':
    case 'empty':
      return '';
    case 'group':
      return sampleOf(node.body, replaced, chosen);
    case 'repeat': {
      const { body } = node;
      const holds = replaced.has(body) || (body.kind === 'group' && holdsOne(body.body, replaced, chosen));
      const times = Math.max(node.min, holds ? 1 : 0);
      if (times === 0) return '';
      const one = replaced.get(body) ?? sampleOfNode(body, replaced, chosen);
      return one === undefined || one.length * times > MAX_SAMPLE ? undefined : one.repeat(times);
    }
  }
}

/** Whether what is replaced stands in it, so that an optional part has to be there. */
function holdsOne(choice: Choice, replaced: Replacement, chosen: ReadonlySet<readonly Node[]>): boolean {
  return choice.some((sequence) =>
    chosen.has(sequence)
      ? true
      : sequence.some((node) => {
          if (replaced.has(node)) return true;
          const inner = node.kind === 'repeat' ? node.body : node;
          return replaced.has(inner) || (inner.kind === 'group' && holdsOne(inner.body, replaced, chosen));
        }),
  );
}

/** Whether a class has a character. */
export function accepts(classText: string, char: string): boolean {
  let compiled = CLASSES.get(classText);
  if (compiled === undefined) {
    if (CLASSES.size > MAX_CLASSES) CLASSES.clear();
    compiled = RE2JS.compile(classText);
    CLASSES.set(classText, compiled);
  }
  return compiled.matches(char);
}

const CLASSES = new Map<string, RE2JS>();
const MAX_CLASSES = 1000;
const NOTHING: Replacement = new Map();
const NONE: ReadonlySet<readonly Node[]> = new Set();
const LIKELY = [...'1avxAVX-_./@: +~', 'é', '\n'];
const MAX_SAMPLE = 1000;
