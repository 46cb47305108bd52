/**
 * Variables in a pattern (`$TAG`, `${{ github.repository }}`, `<owner>`): what they stand for is not known, and a dot or `$` of theirs is none of the
 * pattern's. Each is replaced by as many characters that no identity has, so that places stay.
 */
export interface WithoutVariables {
  readonly pattern: string;
  /** With the variables as they were written. */
  restore(text: string): string;
}

export function withoutVariables(pattern: string): WithoutVariables | undefined {
  const found: string[] = [];
  const bare = pattern.replace(VARIABLE, (text, offset: number) => {
    const mark = String.fromCharCode(FIRST_MARK + (found.push(text) - 1));
    return maskOf(text, mark, pattern.slice(0, offset));
  });
  if (found.length > MAX_VARIABLES || found.join('').length === pattern.length) return undefined;
  return {
    pattern: bare,
    restore: (text) => text.replace(MASKED, (masked) => found[[...masked].map((char) => char.charCodeAt(0) - FIRST_MARK).find((i) => i >= 0) ?? 0] ?? masked),
  };
}

/** What is known of its shape: a repository has its owner in it, and a workflow its repository and ref. */
function maskOf(text: string, mark: string, before: string): string {
  const like = (shape: string): string => (shape.length > text.length ? mark.repeat(text.length) : shape.padStart(text.length, mark));
  if (/workflow_ref/i.test(text)) return like(`${mark}/${mark}/${mark}@refs/tags/${mark}`);
  if (/server_url/i.test(text)) return mark.repeat(text.length);
  const isWhole = /repository(?!_?owner)/i.test(text) || (/repo/i.test(text) && /(?:\.com|\.org|\.io)\/$/.test(before));
  return isWhole ? like(`/${mark}`) : mark.repeat(text.length);
}

const VARIABLE = /\$\{\{[^}]{0,200}\}\}|\{\{[^}]{0,200}\}\}|\$\{\w[^}]{0,200}\}|\$[A-Za-z_]\w*|\$\([^()]{0,200}\)|\{tag\}|<[\w ./-]{1,80}>/g;
const FIRST_MARK = 0xe000;
const MAX_VARIABLES = 100;
const MASKED = /[\ue000-\ue0ff]+(?:(?:\/[\ue000-\ue0ff]){2}@refs\/tags\/[\ue000-\ue0ff]|\/[\ue000-\ue0ff])?/g;
