/**
 * Globs of images (admission.md 1.5): `*` is any characters but `/`, `**` any characters, everything else itself; the whole name must match.
 *
 * One star alone stands for `index.docker.io/library/*`, and two with a slash between them for all of Docker Hub. What is matched is the canonical name of
 * an image, which in admission ends in its digest: a glob that names a tag matches nothing there.
 */
import { parseReference, referenceText } from '@assay/oci';
import { goQuote } from './go/quote.ts';

export interface Glob {
  matches(name: string): boolean;
}

export interface GlobProblem {
  /** `invalid glob "…"`, or `could not parse reference: …` of the image. */
  readonly problem: string;
}

export function compileGlob(glob: string): Glob | GlobProblem {
  const written = ALIASES.get(glob) ?? glob;
  if (!/^[a-zA-Z0-9\-_:/*.@]+$/.test(written)) return { problem: `invalid glob ${goQuote(written)}` };
  const steps = written.split(/(\*\*|\*)/).filter((step) => step !== '');
  return { matches: (name) => matchesSteps(steps, name) };
}

/**
 * Whether an image is covered: by its canonical name, or, as upstream still allows, by the text given. Callers in admission give the canonical name, for
 * which the two are one.
 */
export function matchGlob(glob: string, image: string): boolean | GlobProblem {
  const compiled = compileGlob(glob);
  if ('problem' in compiled) return compiled;
  const name = canonicalName(image);
  if (name === undefined) return { problem: `could not parse reference: ${image}` };
  return compiled.matches(name) || (name !== image && compiled.matches(image));
}

/** `HOST/REPOSITORY@DIGEST`, or `…:TAG`; undefined when the text names no image. */
export function canonicalName(image: string): string | undefined {
  try {
    return referenceText(parseReference(image));
  } catch {
    return undefined;
  }
}

/**
 * Every position that can be reached after each step, so that time grows with the product of both lengths: as a regular expression of JavaScript, a glob of
 * many stars would take for ever.
 */
function matchesSteps(steps: readonly string[], name: string): boolean {
  let reached: ReadonlySet<number> = new Set([0]);
  for (const step of steps) reached = step.startsWith('*') ? afterStar(step, reached, name) : afterText(step, reached, name);
  return reached.has(name.length);
}

function afterStar(star: string, from: ReadonlySet<number>, name: string): Set<number> {
  const to = new Set<number>();
  for (const start of from) {
    for (let at = start; at <= name.length && !to.has(at); at += 1) {
      to.add(at);
      if (star === '*' && name[at] === '/') break;
    }
  }
  return to;
}

function afterText(text: string, from: ReadonlySet<number>, name: string): Set<number> {
  return new Set([...from].filter((at) => name.startsWith(text, at)).map((at) => at + text.length));
}

const ALIASES = new Map([
  ['*/*', 'index.docker.io/*/*'],
  ['*', 'index.docker.io/library/*'],
]);
