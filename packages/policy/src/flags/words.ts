/** The words of a command line, as a POSIX shell splits them. Nothing is run and nothing is looked up: what only a shell would know is refused. */
import { quote, TrustError } from '@assay/core';

/** A backslash at the end of a line joins lines, and a comment ends one. Errors: `USAGE`. */
export function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < text.length; ) {
    const [token = '', space, comment, single, double, escaped, plain] = TOKEN.exec(text.slice(i)) ?? [];
    if (token === '') throw refused(text.slice(i));
    i += token.length;
    if (comment !== undefined && word !== undefined) {
      // In the midst of a word it is no comment.
      word += '#';
      i -= token.length - 1;
    } else if (space !== undefined || comment !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1').replaceAll('\\\n', '') ?? escaped ?? plain ?? '');
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

function refused(rest: string): TrustError {
  const problem = /^["']/.test(rest) ? 'a quotation mark is not closed' : 'the command line does more than call one program';
  return new TrustError('USAGE', problem, {
    found: quote(rest, 40),
    hint: 'give one command, without pipes and substitutions; variables may stand for the tag of an image',
  });
}

/** `$NAME` stays as it is written: some places can do without its value. */
const TOKEN =
  /^(?:((?:\s|\\\n)+)|(#[^\n]*)|'([^']*)'|"((?:[^"\\`$]|\\[\s\S]|\$\{?\w+\}?|\$(?![({\w]))*)"|\\([^\n])|((?:[^\s'"\\`$|&;<>()#]|\$\{?\w+\}?|\$(?![({\w]))+))/;
