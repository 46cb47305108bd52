/**
 * Versions of Maven (maven.apache.org/pom.html, "Version Order Specification"): words and numbers between `.`, `-` and where digits meet letters. A `-`, and such a
 * meeting, begin a list in the list. Zeros and words for releases at the end of a list are nothing.
 *
 *   alpha < beta < milestone < rc < snapshot < release < sp < any other word < 1
 */
import { compareDigits, compareText } from './digits.ts';

/** Negative when `a` is older, positive when it is newer. Takes any text; what is longer than any version is compared by its beginning. */
export function compareMaven(a: string, b: string): number {
  return compareItems(parse(a.slice(0, MAX_CHARACTERS)), parse(b.slice(0, MAX_CHARACTERS)));
}

type Item = { readonly digits: string } | { readonly word: string } | Item[];

function parse(version: string): Item[] {
  const root: Item[] = [];
  const lists = [root];
  let list = root;
  const nest = (): void => {
    const inner: Item[] = [];
    list.push(inner);
    lists.push(inner);
    list = inner;
  };
  // Separators between, so `1..2` has an empty word.
  for (const [i, part] of version
    .toLowerCase()
    .split(/([.-])/)
    .entries()) {
    if (part === '-' && i % 2 === 1) nest();
    if (i % 2 === 1) continue;
    const words = part.match(/\d+|\D+/g) ?? ['0'];
    for (const [j, word] of words.entries()) {
      list.push(/^\d/.test(word) ? { digits: word } : { word: canonical(word, words[j + 1] !== undefined) });
      if (j < words.length - 1) nest();
    }
  }
  for (const one of lists.reverse()) trim(one);
  return root;
}

function canonical(word: string, isBeforeDigits: boolean): string {
  return (isBeforeDigits ? SHORT[word] : undefined) ?? ALIASES[word] ?? word;
}

function trim(list: Item[]): void {
  for (let i = list.length - 1; i >= 0; i--) {
    const item = list[i] as Item;
    if (isNothing(item)) list.splice(i, 1);
    else if (!Array.isArray(item)) return;
  }
}

function isNothing(item: Item): boolean {
  if (Array.isArray(item)) return item.length === 0;
  return 'digits' in item ? /^0*$/.test(item.digits) : item.word === '';
}

function compareItems(a: Item | undefined, b: Item | undefined): number {
  if (a === undefined) return b === undefined ? 0 : -compareItems(b, a);
  if (Array.isArray(a)) return compareList(a, b);
  if ('digits' in a) return b !== undefined && !Array.isArray(b) && 'digits' in b ? compareDigits(a.digits, b.digits) : b === undefined && isNothing(a) ? 0 : 1;
  if (b === undefined) return compareText(rank(a.word), rank(''));
  return Array.isArray(b) || 'digits' in b ? -1 : compareText(rank(a.word), rank(b.word));
}

function compareList(a: readonly Item[], b: Item | undefined): number {
  if (b !== undefined && !Array.isArray(b)) return 'digits' in b ? -1 : 1;
  for (let i = 0; i < Math.max(a.length, b?.length ?? 0); i++) {
    const order = compareItems(a[i], b?.[i]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Words that are not known come last, by letters. */
function rank(word: string): string {
  const at = WORDS.indexOf(word);
  return at === -1 ? `${WORDS.length}-${word}` : String(at);
}

const WORDS = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];
const ALIASES: Readonly<Record<string, string | undefined>> = { __proto__: undefined, ga: '', final: '', release: '', cr: 'rc' };
const SHORT: Readonly<Record<string, string | undefined>> = { __proto__: undefined, a: 'alpha', b: 'beta', m: 'milestone' };
const MAX_CHARACTERS = 1024;
