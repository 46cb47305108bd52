/** What stands in the place of a wildcard: for whoever puts it right, and for whoever makes use of it. */
import type { Area } from './area.ts';

export interface Around {
  /** The identity up to it. */
  readonly before: string;
  /** What follows it, as far as that is plain. */
  readonly after: string;
}

/** A pattern that names what the wildcard spans. Words in capitals are for the reader. Undefined: nobody can tell. */
export function replacementFor(around: Around, area: Area): string | undefined {
  return (CORRECTIONS[area] ?? (() => 'DOMAIN'))(around);
}

const ANY_TAG = 'refs/tags/v[0-9]+\\.[0-9]+\\.[0-9]+';
/** `…/release.yml` */
export const WORKFLOW_FILE = /\.ya?ml$/;

const CORRECTIONS: Readonly<Partial<Record<Area, (around: Around) => string | undefined>>> = {
  host: ({ after }) => (/^git(?:hub|lab)\.com\//.test(after) ? 'https://' : after.startsWith('/') ? 'HOST' : undefined),
  owner: ({ before, after }) => {
    if (after === '') return `${before.endsWith('/') ? 'OWNER' : ''}/REPOSITORY/${fileAt(before)}@${ANY_TAG}`;
    return after.startsWith('/.github') ? 'OWNER/REPOSITORY' : 'OWNER';
  },
  repository: ({ before, after }) => {
    if (after === '') return `${before.endsWith('/') ? 'REPOSITORY/' : '/'}${fileAt(before)}@${ANY_TAG}`;
    return /^\/(?:\.github|\/)/.test(after) ? 'REPOSITORY' : 'REPOSITORY/\\.github/workflows';
  },
  workflow: ({ before, after }) => {
    const ref = after === '' ? `@${ANY_TAG}` : '';
    if (WORKFLOW_FILE.test(before)) return ref;
    if (/\/workflows\/[^/]*$/.test(before)) return `WORKFLOW${WORKFLOW_FILE.test(after.slice(0, 5).replace(/@.*/, '')) ? '' : '\\.yml'}${ref}`;
    return `${before.endsWith('/') ? '' : '/'}${fileAt(before)}${ref}`;
  },
  ref: ({ before }) => {
    const ref = before.slice(before.lastIndexOf('@') + 1);
    if (ref === 'refs/heads/') return 'main';
    return ANY_TAG.startsWith(ref) ? ANY_TAG.slice(ref.length) : ANY_TAG;
  },
};

function fileAt(before: string): string {
  return /^(?:https?:\/\/)?gitlab\./.test(before) ? '/\\.gitlab-ci\\.yml' : '\\.github/workflows/WORKFLOW\\.yml';
}

/** What somebody would put there, the worst first. */
export function fillersFor(around: Around, area: Area): readonly string[] {
  return (ATTACKS[area] ?? (() => ['evil.example', 'evil']))(around);
}

const EVIL = 'evil.yml@refs/heads/evil';
const ATTACKS: Readonly<Partial<Record<Area, (around: Around) => readonly string[]>>> = {
  host: () => ['https://evil.example/', 'evil.example', 'evil.example/', 'evil'],
  owner: ({ after }) => [
    ...(after === '' ? [`evil/evil/.github/workflows/${EVIL}`, `-evil/evil/.github/workflows/${EVIL}`] : []),
    'evil',
    'evil/evil',
    '-evil',
  ],
  repository: ({ after }) => [...(after === '' ? [`another/.github/workflows/${EVIL}`] : []), 'another', 'another/.github/workflows', '-another'],
  workflow: ({ before, after }) => {
    if (WORKFLOW_FILE.test(before)) return ['@refs/pull/1/merge', '@refs/heads/evil', 'x', ''];
    const file = after === '' ? EVIL : /^\.ya?ml/.test(after) ? 'evil' : 'evil.yml';
    return [...(before.includes('/workflows/') ? [] : [`.github/workflows/${file}`]), file, 'evil', '.github/workflows'];
  },
  ref: ({ before }) => {
    const ref = before.slice(before.lastIndexOf('@') + 1);
    return ref === 'refs/heads/' ? ['evil'] : [ref === '' ? 'refs/pull/1/merge' : 'pull/1/merge', 'refs/heads/evil', 'evil'];
  },
};
