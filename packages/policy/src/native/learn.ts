/**
 * The tightest policy that covers what was seen: of verified evidence of images, who signed what. Pure: what it is given was verified, or it would teach to
 * trust an attacker.
 *
 *   identities   of one workflow, or of one name up to its ref, stand together; the ref becomes the tag of the image where it is that for all, else the
 *                beginning that all have in common; else each stands for itself
 *   signers      as few as cover all images: whoever signed only some, where another signed all, is told and not trusted
 *   types        attestations that all images have
 */
import { escapeRe2 } from './re2-text.ts';
import type { NativeAttestation, NativeSigner, NativeSpec } from './schema.ts';

export interface SeenImage {
  /** `HOST/REPOSITORY`. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly evidence: readonly SeenEvidence[];
}

export interface SeenEvidence {
  /** A predicate type, or undefined for a signature. */
  readonly type: string | undefined;
  readonly signer: SeenSigner;
}

export type SeenSigner =
  | { readonly kind: 'key'; readonly key: string; readonly logged: boolean }
  | {
      readonly kind: 'identity';
      readonly subject: string;
      readonly issuer: string;
      readonly sourceRepository: string | undefined;
      readonly sourceRef: string | undefined;
    };

export interface Learned {
  /** Undefined: nothing was seen of anything. */
  readonly spec: NativeSpec | undefined;
  /** What was seen, and is not in the policy, and why. */
  readonly outliers: readonly string[];
}

export function learn(images: readonly SeenImage[]): Learned {
  const outliers: string[] = [];
  const covered = images.filter(({ evidence }) => evidence.length > 0);
  const types = [...new Set(covered.flatMap(({ evidence }) => evidence.map(({ type }) => type)))];
  const onAll = types.filter((type) => covered.every(({ evidence }) => evidence.some((one) => one.type === type)));
  for (const type of types)
    if (!onAll.includes(type)) outliers.push(`${typeText(type)}: on ${countOf(covered, type)} of ${covered.length} images, and demanded of none`);
  if (covered.length === 0 || onAll.length === 0) return { spec: undefined, outliers };
  const by = new Map(onAll.map((type) => [type, coveringSigners(covered, type, outliers)]));
  const [first = []] = by.values();
  const shared = by.get(undefined) ?? first;
  const attestations = [...by].flatMap(([type, signers]): NativeAttestation[] =>
    type === undefined ? [] : [{ type, ...(JSON.stringify(signers) !== JSON.stringify(shared) && { signers: [...signers] }) }],
  );
  return {
    spec: {
      images: [...new Set(covered.map(({ repository }) => repository))],
      signers: [...shared],
      ...(attestations.length > 0 && { attestations }),
      ...(attestations.length > 0 && onAll.includes(undefined) && { signature: 'required' as const }),
    },
    outliers,
  };
}

function countOf(images: readonly SeenImage[], type: string | undefined): number {
  return images.filter(({ evidence }) => evidence.some((one) => one.type === type)).length;
}

function typeText(type: string | undefined): string {
  return type ?? 'a signature';
}

function grouped<T>(items: readonly T[], nameOf: (item: T) => string | undefined): ReadonlyMap<string | undefined, readonly T[]> {
  const groups = new Map<string | undefined, T[]>();
  for (const item of items) groups.set(nameOf(item), [...(groups.get(nameOf(item)) ?? []), item]);
  return groups;
}

/** One signature or statement of a type, with where it was seen. */
interface Seen {
  readonly image: number;
  readonly tag: string | undefined;
  readonly signer: SeenSigner;
}

interface Candidate {
  readonly signer: NativeSigner;
  readonly images: ReadonlySet<number>;
}

function coveringSigners(images: readonly SeenImage[], type: string | undefined, outliers: string[]): readonly NativeSigner[] {
  const seen = images.flatMap(({ tag, evidence }, image) => evidence.filter((one) => one.type === type).map(({ signer }): Seen => ({ image, tag, signer })));
  const groups = grouped(seen, ({ signer }) => groupName(signer));
  const candidates = [...groups.values()].flatMap(candidatesOf).toSorted((a, b) => b.images.size - a.images.size);
  const chosen: Candidate[] = [];
  const missing = new Set(images.keys());
  while (missing.size > 0) {
    const gain = ({ images: its }: Candidate) => [...its].filter((image) => missing.has(image)).length;
    const best = candidates.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    chosen.push(best);
    for (const image of best.images) missing.delete(image);
  }
  for (const candidate of candidates) {
    if (chosen.includes(candidate)) continue;
    outliers.push(`${typeText(type)} by ${nameOf(candidate.signer)}: on ${candidate.images.size} of ${images.length} images, and others cover them`);
  }
  return chosen.map(({ signer }) => signer);
}

/** Whom one would call the same signer, but for the ref. */
function groupName(signer: SeenSigner): string {
  if (signer.kind === 'key') return `key ${signer.key}`;
  const { issuer, sourceRepository = '' } = signer;
  const { name, ref } = splitRef(signer.subject);
  const isForeign = workflowOf(signer) !== undefined && workflowOf(signer)?.repository !== repositoryOf(signer);
  return JSON.stringify([issuer, isForeign ? signer.subject : name, sourceRepository, ref === undefined]);
}

/** With one form for all refs where there is one, else a candidate for each. */
function candidatesOf(seen: readonly Seen[]): readonly Candidate[] {
  const [first] = seen;
  if (first === undefined) return [];
  if (first.signer.kind === 'key') {
    const logged = seen.every(({ signer }) => signer.kind === 'key' && signer.logged);
    return [{ signer: { key: first.signer.key, ...(!logged && { trust: { log: 'ignored' as const } }) }, images: imagesOf(seen) }];
  }
  const form = commonForm(seen);
  if (form !== 'none') return [{ signer: signerOf(first.signer, form), images: imagesOf(seen) }];
  return [...grouped(seen, refOf).values()].map((same): Candidate => {
    const [one] = same;
    if (one?.signer.kind !== 'identity') throw new TypeError('identities stand with identities');
    return { signer: signerOf(one.signer, formOf(refOf(one))), images: imagesOf(same) };
  });
}

function imagesOf(seen: readonly Seen[]): ReadonlySet<number> {
  return new Set(seen.map(({ image }) => image));
}

/** A ref as native signers say it. `undefined`: there is none. */
type RefForm = Pick<NativeSigner, 'tag' | 'branch' | 'ref'> | undefined;

/** No wider than it must be. */
function commonForm(seen: readonly Seen[]): RefForm | 'none' {
  const refs = seen.map(refOf);
  const [first] = refs;
  if (refs.every((ref) => ref === first)) return formOf(first);
  if (!refs.every((ref) => ref?.startsWith(TAGS) === true)) return 'none';
  const templates = seen.map((one) => tagTemplate(refOf(one) ?? '', one.tag));
  const [template = ''] = templates;
  if (template.includes('{tag}') && templates.every((one) => one === template)) return { tag: template };
  return { tag: `${commonPrefix(refs.map((ref) => (ref ?? '').slice(TAGS.length)))}*` };
}

/** The name of a tag, with that of the image in it. */
function tagTemplate(ref: string, tag: string | undefined): string {
  const name = ref.slice(TAGS.length);
  return tag !== undefined && tag !== 'latest' && /\d/.test(tag) && ref.startsWith(TAGS) ? name.replace(tag, () => '{tag}') : name;
}

function formOf(ref: string | undefined): RefForm {
  if (ref === undefined) return undefined;
  if (ref.startsWith(TAGS)) return { tag: ref.slice(TAGS.length) };
  return ref.startsWith(HEADS) ? { branch: ref.slice(HEADS.length) } : { ref };
}

function commonPrefix(texts: readonly string[]): string {
  const [first = '', ...others] = texts;
  let length = first.length;
  for (const text of others) while (!text.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

/** Of what was built; where that is not stated, of the workflow. */
function refOf({ signer }: Seen): string | undefined {
  if (signer.kind === 'key') return undefined;
  return signer.sourceRef ?? splitRef(signer.subject).ref;
}

function signerOf(signer: SeenSigner & { readonly kind: 'identity' }, form: RefForm): NativeSigner {
  const { issuer, subject } = signer;
  const workflow = workflowOf(signer);
  const repository = repositoryOf(signer);
  if (workflow !== undefined && repository !== undefined) {
    const isOwn = workflow.repository === repository;
    return { github: repository, workflow: isOwn ? workflow.file : `${workflow.repository}/.github/workflows/${workflow.file}@${workflow.ref}`, ...form };
  }
  const { name, ref } = splitRef(subject);
  const written = form?.tag === undefined ? undefined : `${name}@refs/tags/`;
  if (ref === undefined || form?.tag === undefined || written === undefined) return { issuer, subject };
  if (!form.tag.endsWith('*')) return { issuer, subject: `${written}${form.tag}` };
  return { issuer, subjectPattern: `${escapeRe2(written)}${escapeRe2(form.tag.slice(0, -1))}.*` };
}

function splitRef(subject: string): { readonly name: string; readonly ref: string | undefined } {
  const at = subject.lastIndexOf('@refs/');
  return at < 0 ? { name: subject, ref: undefined } : { name: subject.slice(0, at), ref: subject.slice(at + 1) };
}

interface Workflow {
  readonly repository: string;
  readonly file: string;
  readonly ref: string;
}

function workflowOf({ subject, issuer }: SeenSigner & { readonly kind: 'identity' }): Workflow | undefined {
  const [, repository, file, ref] = /^https:\/\/github\.com\/([\w.-]+\/[\w.-]+)\/\.github\/workflows\/([\w.-]+)@(.+)$/.exec(subject) ?? [];
  if (issuer !== ACTIONS || repository === undefined || file === undefined || ref === undefined) return undefined;
  return { repository, file, ref };
}

function repositoryOf({ sourceRepository }: SeenSigner & { readonly kind: 'identity' }): string | undefined {
  return /^https:\/\/github\.com\/([\w.-]+\/[\w.-]+)$/.exec(sourceRepository ?? '')?.[1];
}

function nameOf({ github, workflow, key, subject, subjectPattern, tag, branch }: NativeSigner): string {
  if (key !== undefined) return `the key ${key}`;
  const at = tag ?? branch;
  return github === undefined ? (subject ?? subjectPattern ?? '') : `github.com/${github}, ${workflow ?? ''}${at === undefined ? '' : ` at ${at}`}`;
}

const TAGS = 'refs/tags/';
const HEADS = 'refs/heads/';
const ACTIONS = 'https://token.actions.githubusercontent.com';
