/**
 * What a pattern of identities or issuers admits that it should not.
 *
 * cosign, gh and policy-controller search for a pattern anywhere in the text (Go's `regexp.MatchString`); our own flags and policies hold it against the
 * whole. Every example of what is admitted was tried with RE2, in that meaning.
 */
import { RE2JS } from 're2js';
import type { RuleId } from '../rules.ts';
import { type Area, areaAfter, isMailbox } from './area.ts';
import { type Choice, type Node, parsePattern } from './parse.ts';
import { fillersFor, replacementFor, WORKFLOW_FILE } from './replacement.ts';
import { accepts, sampleOf } from './sample.ts';
import { withoutVariables } from './variables.ts';

export interface PatternUse {
  readonly of: 'identity' | 'issuer';
  readonly mode: 'search' | 'whole';
}

export interface PatternProblem {
  readonly rule: RuleId;
  readonly says: string;
  readonly admits: string | undefined;
  /** The pattern put right; with words in capitals where something has to be filled in, and then not fixable. */
  readonly correction: string | undefined;
  readonly fixable: boolean;
}

/** Of one file: the same pattern is judged once, and thousands of long ones are not tried for ever. */
export class PatternJudge {
  readonly #judged = new Map<string, readonly PatternProblem[]>();
  #effort = MAX_EFFORT;

  judge(written: string, use: PatternUse): readonly PatternProblem[] {
    const key = `${use.of} ${use.mode} ${written}`;
    const known = this.#judged.get(key);
    if (known !== undefined) return known;
    const problems = judgePattern(written, use, (effort) => {
      this.#effort -= effort;
      return effort < SMALL_EFFORT || this.#effort > 0;
    });
    this.#judged.set(key, problems);
    return problems;
  }
}

/** `mayTry` is asked before a pattern is tried on a text: when that is too much, there are no examples. */
export function judgePattern(written: string, use: PatternUse, mayTry: (effort: number) => boolean = () => true): readonly PatternProblem[] {
  const masked = withoutVariables(written);
  if (masked === undefined || written.length > MAX_PATTERN) return [];
  const { pattern, restore } = masked;
  const compiled = compile(pattern);
  if (typeof compiled === 'string') return [problem('pattern-invalid', `RE2 refuses it: ${compiled}`)];
  const matches = (text: string): boolean =>
    mayTry(pattern.length * (text.length + 1)) && (use.mode === 'whole' ? compiled.testExact(text) : compiled.test(text));
  const stranger = STRANGERS[use.of].find(matches);
  if (stranger !== undefined) return [problem('identity-anyone', ANYONE[use.of], stranger)];
  const choice = parsePattern(pattern);
  if (choice === undefined) return [];
  return new Judgement(pattern, choice, use, matches, restore).problems();
}

function compile(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function problem(rule: RuleId, says: string, admits?: string): PatternProblem {
  return { rule, says, admits, correction: undefined, fixable: false };
}

interface Edit {
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

/** A node of the tree, and what stands before it. */
interface Met {
  readonly node: Node;
  readonly before: string;
  /** What follows it in its sequence, in few characters. */
  readonly after: string;
  /** The alternatives that lead to it. */
  readonly chosen: ReadonlySet<readonly Node[]>;
}

/** Found, and how the pattern would be put right. */
interface Found {
  readonly rule: RuleId;
  readonly says: string;
  readonly admits: string | undefined;
  readonly edits: readonly Edit[];
  readonly fixable: boolean;
}

class Judgement {
  readonly #pattern: string;
  readonly #choice: Choice;
  readonly #use: PatternUse;
  readonly #matches: (text: string) => boolean;
  readonly #restore: (text: string) => string;
  readonly #sample: string;
  readonly #dots: Met[] = [];
  readonly #wildcards: Met[] = [];

  constructor(pattern: string, choice: Choice, use: PatternUse, matches: (text: string) => boolean, restore: (text: string) => string) {
    this.#pattern = pattern;
    this.#choice = choice;
    this.#use = use;
    this.#matches = matches;
    this.#restore = restore;
    this.#sample = sampleOf(choice) ?? '';
    this.#meet(choice, '', '', new Set());
  }

  problems(): readonly PatternProblem[] {
    const all = [...this.#anchors(), ...this.#unescapedDots(), ...this.#greedy()];
    const found = all.filter((one, i) => all.findIndex((other) => other.rule === one.rule) === i);
    // A pattern is put right as a whole: what is certain in every correction, and what has to be filled in where that is what is wrong.
    const certain = all.filter((one) => one.fixable).flatMap((one) => one.edits);
    const everything = all.flatMap((one) => one.edits);
    return found.map(({ rule, says, admits, fixable }) => {
      const corrected = this.#edited(fixable ? certain : everything);
      return {
        rule,
        says,
        admits: admits === undefined ? undefined : this.#restore(admits),
        correction: corrected === this.#pattern ? undefined : this.#restore(corrected),
        fixable: fixable && corrected !== this.#pattern,
      };
    });
  }

  /** Gathers dots and wildcards, each with what stands before it. */
  #meet(choice: Choice, before: string, following: string, chosen: ReadonlySet<readonly Node[]>): void {
    for (const sequence of choice) {
      if (this.#dots.length + this.#wildcards.length > MAX_MET) return;
      const here = new Set([...chosen, sequence]);
      let text = before;
      for (const [i, node] of sequence.entries()) {
        const after = (sampleOf([sequence.slice(i + 1, i + 1 + LOOK_AHEAD)]) ?? '') + following;
        this.#meetNode(node, { node, before: text, after, chosen: here });
        text += sampleOf([[node]]) ?? '';
      }
    }
  }

  #meetNode(node: Node, met: Met): void {
    if (node.kind === 'any') this.#dots.push(met);
    else if (node.kind === 'group') this.#meet(node.body, met.before, met.after, met.chosen);
    else if (node.kind === 'repeat') {
      const { body, max } = node;
      if (body.kind === 'group') this.#meet(body.body, met.before, met.after, met.chosen);
      else if (body.kind === 'any' && max <= 1) this.#dots.push({ ...met, node: body });
      else if (isMany(body) && max > 1) this.#wildcards.push(met);
    }
  }

  #unescapedDots(): Found[] {
    const [first] = this.#dots;
    if (first === undefined) return [];
    const admits = ['x', '-', '1'].map((char) => this.#with(first, char)).find((text) => text !== undefined);
    const many = this.#dots.length === 1 ? 'a dot stands' : `${this.#dots.length} dots stand`;
    const edits = this.#dots.map(({ node: { at, end } }) => ({ at, end, text: '\\.' }));
    return [{ rule: 'unescaped-dot', says: `${many} for any character`, admits, edits, fixable: true }];
  }

  #anchors(): Found[] {
    if (this.#use.mode === 'whole') return [];
    const found: Found[] = [];
    const openStart = !isAnchored(this.#choice, 'start') && !this.#isWide(this.#choice[0]?.[0]);
    const begins = this.#sample.startsWith('@') ? '^[^@]+' : '^';
    const openEnd = !isAnchored(this.#choice, 'end') && !this.#isWide(this.#choice[0]?.at(-1));
    const tooShort = openEnd ? this.#tooShort() : undefined;
    if (tooShort !== undefined) found.push(tooShort);
    const needsEnd = openEnd && tooShort === undefined && !isTagPrefix(this.#sample);
    if (!openStart && !needsEnd) return found;
    const missing = [...(openStart ? ['^'] : []), ...(needsEnd ? ['$'] : [])];
    const examples = [
      ...(needsEnd ? ENDINGS.map((ending) => `${this.#sample}${ending}`) : []),
      // A branch may be called x@example.com.
      ...(openStart ? [`${this.#sample.startsWith('@') ? `${STRANGERS.identity[0]}` : 'https://evil.example/'}${this.#sample}`] : []),
    ];
    found.push({
      rule: 'identity-unanchored',
      says: `it is searched for, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
      admits: examples.find(this.#matches),
      edits: anchorEdits(this.#choice, this.#pattern, openStart ? begins : '', needsEnd ? '$' : ''),
      fixable: true,
    });
    return found;
  }

  /** A pattern that ends before the ref of a workflow, so that whatever follows is admitted. */
  #tooShort(): Found | undefined {
    if (this.#use.of === 'issuer' || isMailbox(this.#sample)) return undefined;
    const met: Met = { node: { kind: 'empty', at: this.#pattern.length, end: this.#pattern.length }, before: this.#sample, after: '', chosen: new Set() };
    const area = areaAfter(this.#sample, this.#sample);
    return area === 'host' ? undefined : this.#spanned(met, area, 'wide');
  }

  /** Once for each rule, with an example for the first; all of them are put right together. */
  #greedy(): Found[] {
    const found = new Map<RuleId, Found>();
    for (const met of this.#wildcards) {
      const area = areaAfter(met.before, this.#use.of === 'issuer' ? 'https://' : this.#sample);
      const width = this.#isWide(met.node) ? 'wide' : 'narrow';
      const rule = this.#use.of === 'issuer' ? 'identity-greedy' : this.#what(met, area, width)?.[0];
      if (rule === undefined) continue;
      const known = found.get(rule);
      const one = known === undefined ? this.#spanned(met, area, width) : { ...known, edits: [...known.edits, ...this.#namedAt(met, area)] };
      if (one !== undefined) found.set(rule, one);
    }
    return [...found.values()];
  }

  #spanned(met: Met, area: Area, width: 'wide' | 'narrow'): Found | undefined {
    if (this.#use.of === 'issuer') return this.#spannedIssuer(met, area, width);
    const [rule, says] = this.#what(met, area, width) ?? [];
    if (rule === undefined || says === undefined) return undefined;
    const admits = fillersFor(met, area)
      .map((filler) => this.#with(met, filler))
      .find((text) => text !== undefined);
    return { rule, says, admits, edits: this.#namedAt(met, area), fixable: false };
  }

  /** The wildcard, replaced by what it spans. */
  #namedAt(met: Met, area: Area): readonly Edit[] {
    const { at, end } = met.node;
    // What is filled in goes to the end of the name, and so does the pattern.
    const closes = this.#use.mode === 'search' && met.after === '' && !isAnchored(this.#choice, 'end');
    const replacement = this.#choice.length > 1 || this.#use.of === 'issuer' ? undefined : replacementFor(met, area);
    return replacement === undefined ? [] : [{ at, end, text: `${replacement}${closes ? '$' : ''}` }];
  }

  #what({ before, after }: Met, area: Area, width: 'wide' | 'narrow'): readonly [RuleId, string] | undefined {
    const begins = before.endsWith('/') ? '' : ' whose name begins so';
    switch (area) {
      case 'host':
        return isHostPart(before, after, width) ? ['identity-greedy', 'a wildcard spans the host'] : undefined;
      case 'owner':
        return ['identity-greedy', `it admits any owner${begins}`];
      case 'repository':
        return ['owner-only', `it admits any repository of the owner${begins}`];
      case 'workflow':
        return spannedWorkflow(before, after, width);
      case 'ref':
        return ['identity-greedy', 'it admits any ref, those of pull requests among them'];
      case 'domain':
        return before.endsWith('@') ? ['identity-greedy', 'it admits any domain'] : undefined;
      default:
        return undefined;
    }
  }

  #spannedIssuer(met: Met, area: Area, width: 'wide' | 'narrow'): Found | undefined {
    if (width === 'narrow' && met.after.startsWith('.')) return undefined;
    const admits = ['evil.example', 'evil.example/', 'https://evil.example/', 'evil']
      .map((filler) => this.#with(met, filler))
      .find((text) => text !== undefined);
    const says = area === 'host' ? 'a wildcard spans the host of the issuer' : 'a wildcard spans the path of the issuer: any tenant of that host';
    return { rule: 'identity-greedy', says, admits, edits: [], fixable: false };
  }

  /** The sample with something else at a node, if the pattern admits that. */
  #with({ node, chosen }: Met, text: string): string | undefined {
    const sample = node.kind === 'empty' ? `${this.#sample}${text}` : sampleOf(this.#choice, new Map([[node, text]]), chosen);
    return sample !== undefined && this.#matches(sample) ? sample : undefined;
  }

  #isWide(node: Node | undefined): boolean {
    return node?.kind === 'repeat' && node.max > 1 && (node.body.kind === 'any' || (node.body.kind === 'class' && accepts(node.body.text, '/')));
  }

  #edited(edits: readonly Edit[]): string {
    let text = '';
    let at = 0;
    for (const edit of [...edits].sort((a, b) => a.at - b.at || a.end - b.end)) {
      if (edit.at < at) continue;
      text += this.#pattern.slice(at, edit.at) + edit.text;
      at = edit.end;
    }
    return text + this.#pattern.slice(at);
  }
}

/** Subdomains of a host are its own. */
function isHostPart(before: string, after: string, width: 'wide' | 'narrow'): boolean {
  if (before !== '' && !/^https?:|\./.test(before)) return false;
  return width === 'wide' || !after.startsWith('.');
}

function spannedWorkflow(before: string, after: string, width: 'wide' | 'narrow'): readonly [RuleId, string] | undefined {
  if (WORKFLOW_FILE.test(before)) return ['identity-greedy', 'it admits any ref'];
  // A file that is named in part was named on purpose.
  if (width === 'narrow' && /\.github\/workflows\/[^/]+$/.test(before)) return undefined;
  return after === '' ? ['repository-only', 'it admits any workflow and any ref of the repository'] : ['identity-greedy', 'it admits any workflow'];
}

/** Any character, or a class with letters in it: digits are for versions. */
function isMany(node: Node): boolean {
  return node.kind === 'any' || (node.kind === 'class' && (accepts(node.text, 'x') || accepts(node.text, '/')));
}

function isAnchored(choice: Choice, side: 'start' | 'end'): boolean {
  return choice.every((sequence) => {
    const told = sequence.filter(({ kind }) => kind !== 'empty');
    const outer = side === 'start' ? told[0] : told.at(-1);
    return outer?.kind === side || (outer?.kind === 'group' && isAnchored(outer.body, side));
  });
}

/** With several alternatives an anchor holds for its own only: all of them go into a group. */
function anchorEdits(choice: Choice, pattern: string, start: string, end: string): readonly Edit[] {
  const { length } = pattern;
  const insert = (at: number, text: string): Edit => ({ at, end: at, text });
  if (choice.length === 1) return [insert(0, start), insert(length, end)];
  const own = choice.flatMap((sequence) =>
    [start !== '' && sequence[0]?.kind === 'start' ? sequence[0] : [], end !== '' && sequence.at(-1)?.kind === 'end' ? sequence.slice(-1) : []].flat(),
  );
  return [insert(0, `${start}(?:`), ...own.map(({ at, end: after }) => ({ at, end: after, text: '' })), insert(length, `)${end}`)];
}

/** `…@refs/tags/v`: any tag, as `v.*` would be. */
function isTagPrefix(sample: string): boolean {
  return /@refs\/tags\/v?$/.test(sample);
}

/** After a pattern that does not say where it ends. */
const ENDINGS = ['.evil.example', '-evil', 'evil', '/evil', '1'];

/** Who should satisfy no pattern. */
const STRANGERS: Readonly<Record<PatternUse['of'], readonly string[]>> = {
  identity: [
    'https://github.com/evil/evil/.github/workflows/evil.yml@refs/heads/evil',
    'https://gitlab.com/evil/evil//.gitlab-ci.yml@refs/heads/evil',
    'evil@gmail.com',
    'evil@evil.example',
  ],
  issuer: ['https://evil.example', 'https://evil.example/realms/evil'],
};
const ANYONE: Readonly<Record<PatternUse['of'], string>> = { identity: 'strangers satisfy it', issuer: 'any issuer satisfies it' };
/** That of core: a longer one is never used. */
const MAX_PATTERN = 4096;
const MAX_MET = 60;
/** In characters of a pattern times those of a text. A usual pattern takes some ten thousand for all its examples; what is small is always tried. */
const MAX_EFFORT = 20_000_000;
const SMALL_EFFORT = 2000;
const LOOK_AHEAD = 40;
