/** Images by tag, where the content itself should be named. */
import type { Value } from '../excerpt.ts';
import type { Page } from '../page.ts';
import type { Word } from '../read/shell.ts';
import { anchorOf, type Seen, stretch } from './command.ts';

interface Tagged {
  readonly repository: string;
  /** Undefined: none, which is `latest`. */
  readonly tag: string | undefined;
}

/** Undefined for what has a digest, is no image, or is not known. */
function taggedOf(text: string): Tagged | undefined {
  const bare = text.replace(/^(?:oci|docker):\/\//, '');
  if (bare.length > MAX_LENGTH || bare.includes('@')) return undefined;
  const masked = bare.replace(/\$\{\{[^}]*\}\}|\$\{[^}]*\}|\$\([^()]*\)/g, (found) => 'x'.repeat(found.length));
  const colon = masked.lastIndexOf(':');
  const hasTag = colon > masked.lastIndexOf('/');
  const repository = hasTag ? masked.slice(0, colon) : masked;
  if (!REPOSITORY.test(repository.replace(/\$\w+/g, 'x')) || !/^[\w.$-]*$/.test(hasTag ? masked.slice(colon + 1) : '')) return undefined;
  return { repository: bare.slice(0, repository.length), tag: hasTag ? bare.slice(colon + 1) : undefined };
}

/** Of one's own machine. */
export function isLocal(reference: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|[\w.-]+\.(?:local|localhost|internal))(?::\d+)?\//.test(reference);
}

/** `cosign sign IMAGE:TAG`. */
export function checkSignedByTag(seen: Seen, words: readonly Word[], subcommand: Word | undefined): void {
  const { page, script } = seen;
  for (const word of words) {
    const text = page.expand(word.text);
    const tagged = taggedOf(text);
    // What is a variable alone may well hold a digest.
    if (tagged === undefined || isLocal(text) || (tagged.tag === undefined && (/^\$/.test(text) || !text.includes('/')))) continue;
    const { start, end } = page.ownValue(script.excerpt, word);
    page.report(
      'sign-by-tag',
      { start, end },
      {
        says: `${subcommand?.text ?? 'sign'} takes whatever ${tagged.tag === undefined ? 'latest' : `the tag ${tagged.tag}`} points to now`,
        correction: `${tagged.repository}@sha256:DIGEST`,
        anchor: anchorOf(seen),
      },
    );
  }
}

/** Of Kubernetes, Compose, workflows and Dockerfiles. `certain`: the place is one for images, so that a name without a tag is one as well. */
export function checkUsedByTag(page: Page, value: Value, certain: 'certain' | 'likely'): void {
  const tagged = /[${<…*\s]/.test(value.text) ? undefined : taggedOf(value.text);
  // Names are in small letters: what is in capitals is filled in later.
  if (
    tagged === undefined ||
    /[A-Z]/.test(tagged.repository) ||
    isLocal(value.text) ||
    (tagged.tag === undefined && (certain === 'likely' || tagged.repository === 'scratch'))
  )
    return;
  const correction = `${value.text}@sha256:DIGEST`;
  page.report('image-by-tag', value, {
    says: `${tagged.tag === undefined ? 'latest' : `the tag ${tagged.tag}`} may point to something else tomorrow`,
    correction: value.write?.(correction) ?? correction,
  });
}

/** In one block: `cosign verify IMAGE:TAG`, then `docker run IMAGE:TAG`. */
export function checkDeployed(all: readonly Seen[]): void {
  const verified = new Set<string>();
  for (const seen of all) {
    const { page, tool } = seen;
    const { name, words } = tool;
    const [first = '', second = ''] = words.map(({ text }) => text);
    if ((name === 'cosign' && /^verify(?:-attestation)?$/.test(first)) || (name === 'slsa-verifier' && first === 'verify-image')) {
      for (const word of words.slice(1)) if (taggedOf(page.expand(word.text))?.tag !== undefined) verified.add(page.expand(word.text));
    } else if (DEPLOYS[name]?.test(`${first} ${second}`) === true) {
      for (const word of words) reportDeployed(seen, word, verified);
    }
  }
}

function reportDeployed(seen: Seen, word: Word, verified: ReadonlySet<string>): void {
  const { page } = seen;
  const reference = page.expand(word.text).replace(/^[\w.-]*=/, '');
  if (!verified.has(reference)) return;
  const says = 'what was verified above is whatever the tag pointed to then';
  page.report('deploy-by-tag', stretch(seen, word), {
    says,
    correction: `${taggedOf(reference)?.repository ?? reference}@sha256:DIGEST`,
    anchor: anchorOf(seen),
  });
}

const REPOSITORY = /^[\w.-]+(?::\d{1,5})?(?:\/[\w.-]+)*$/;
const CONTAINERS = /^(?:run|pull|create) /;
const DEPLOYS: Readonly<Record<string, RegExp>> = {
  docker: CONTAINERS,
  podman: CONTAINERS,
  nerdctl: CONTAINERS,
  kubectl: /^(?:run |set image|create (?:deployment|job|cronjob))/,
};
const MAX_LENGTH = 500;
