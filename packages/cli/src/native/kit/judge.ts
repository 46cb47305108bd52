/**
 * Judging the things of a kit, whether it is made or received: by the code of `assay verify`, over what lies in the kit and nothing else. No network is asked
 * in either case, so that what is accepted here is accepted where there is none.
 */
import {
  Artifact,
  type Check,
  digestsNeeded,
  fail,
  group,
  type HashName,
  isTrustError,
  MAX_BUNDLE_BYTES,
  parseBundle,
  pass,
  quote,
  TrustError,
  type TrustedRoot,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import type { KitContent, KitFileThing, KitImage, KitThing } from '@assay/kit';
import { type Digest, digestOf, type FindEvent } from '@assay/oci';
import { FoundEvidence, imageConfigs, type NamedImage, type Subject } from '@assay/policy';
import { inOrder } from '../../in-order.ts';
import type { Io } from '../../io.ts';
import type { Subjects } from '../../policy-subjects.ts';
import type { LoadedRoot } from '../../trusted-root.ts';
import { bundlesIn } from '../find-bundle.ts';
import type { JudgedEvidence, Judging } from '../judging.ts';
import { acceptedPiece, nothingFound, Pieces, refusedPiece } from '../pieces.ts';
import { judgeThings, type Tested } from '../policy/test.ts';
import { openJudging } from '../verify.ts';
import { notFound } from '../verify-file.ts';
import { verifyPlatforms } from '../verify-image.ts';
import type { DemandFlags } from './demands.ts';
import type { OpenedPolicy } from './policy.ts';

/** A kit, or the plan of one. */
export interface KitView {
  readonly name: string;
  readonly things: readonly KitThing[];
  readonly content: KitContent;
  /** The content of a file. */
  stream(path: string): AsyncIterable<Uint8Array>;
}

export interface Trust {
  readonly loaded: LoadedRoot;
  /** Instead of who must have signed. */
  readonly policy: OpenedPolicy | undefined;
}

/** One check for each thing, in their order. Errors: those of reading the demands. */
export async function judgeKit(view: KitView, { loaded, policy }: Trust, flags: DemandFlags, io: Io): Promise<readonly Check[]> {
  if (policy !== undefined) return judgeByPolicy(view, policy, loaded.root, io);
  const opened = await openJudging({ ...flags, trustedRoot: view.name, output: 'text' }, true, io, async () => loaded);
  try {
    return await inOrder(view.things, JOBS, async (thing) => {
      const judging = await opened.open();
      const { root } = thing.kind === 'file' ? await judgeFile(thing, view, judging) : await judgeImage(thing, view, judging);
      return thingCheck(thing, root.checks ?? [root]);
    });
  } finally {
    opened.close();
  }
}

function thingCheck(thing: KitThing, checks: readonly Check[]): Check {
  const name = thingName(thing);
  return group('kit.thing', { pass: `${name} is verified`, fail: `${name} is NOT verified` }, checks, {
    evidence: { name, kind: thing.kind, digest: thing.digest },
  });
}

export function thingName(thing: KitThing): string {
  if (thing.kind === 'file') return thing.name;
  return `${thing.name}${thing.tag === undefined ? '' : `:${thing.tag}`}@${thing.digest}`;
}

/** One platform without the others: its own evidence, or that of the index which names it. */
async function judgeImage(thing: KitImage, view: KitView, judging: Judging): Promise<JudgedEvidence> {
  const of = async (digest: Digest): Promise<JudgedEvidence> => {
    const image = { reader: view.content, side: undefined, digest, name: (one: Digest) => `${thing.name}@${one}`, tag: thing.tag };
    const [judged] = await verifyPlatforms(image, { output: 'text' }, async () => judging);
    if (judged === undefined) throw new TypeError('an image is judged');
    return judged.verification;
  };
  const own = await of(thing.digest);
  if (own.ok || thing.index === undefined) return own;
  const whole = await of(thing.index);
  if (!whole.ok) return whole;
  return { ...whole, root: group('verification', whole.root.says, [...(whole.root.checks ?? []), await isNamed(thing, thing.index, view)]) };
}

async function isNamed({ digest }: KitImage, index: Digest, { content }: KitView): Promise<Check> {
  const manifest = (await content.manifest(index))?.manifest;
  if (manifest?.kind === 'index' && manifest.manifests.some((one) => one.digest === digest)) return pass('platform', `the verified index names ${digest}`);
  return fail('platform', 'KIT_MISMATCH', 'the verified index does not name the image that came along', { expected: digest, found: index });
}

async function judgeFile(thing: KitFileThing, view: KitView, judging: Judging): Promise<JudgedEvidence> {
  const artifact = await openArtifact(thing, view, judging);
  const pieces = new Pieces();
  for await (const { path, content } of evidenceOf(thing, view)) {
    if (pieces.isEnough) break;
    pieces.add({ reference: path, verification: await judging.judgeContent(content, artifact) });
  }
  const { accepted, refused } = pieces;
  const findings = judging.options.findings ?? [];
  if (accepted !== undefined) return acceptedPiece(accepted, refused, []);
  const hint = async () => 'export it again with its bundle beside it';
  return notFound(
    ...findings,
    ...(refused.length > 0 ? refused.map(refusedPiece) : [await nothingFound(thing.name, [{ place: view.name, says: 'none' }], hint)]),
  );
}

interface Document {
  readonly path: string;
  readonly content: Uint8Array;
}

/** One file of them at a time: there may be many. */
async function* evidenceOf({ evidence }: KitFileThing, view: KitView): AsyncGenerator<Document, void, void> {
  for (const path of evidence) for (const content of bundlesIn(path, await readAll(view.stream(path), path, MAX_BUNDLE_BYTES))) yield { path, content };
}

/** Held when it is small, since some signatures need the bytes; else hashed as it is read. */
async function openArtifact(thing: KitFileThing, view: KitView, { options: { signer } }: Judging): Promise<Artifact> {
  const needed = new Set<HashName>(['sha256']);
  for await (const { content } of evidenceOf(thing, view)) for (const name of neededBy(content, 'key' in signer ? signer.key : undefined)) needed.add(name);
  const held: Uint8Array[] = [];
  let size = 0;
  const noted = async function* (): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of view.stream(thing.path)) {
      size += chunk.length;
      if (size <= HELD_BYTES) held.push(Uint8Array.from(chunk));
      else held.length = 0;
      yield chunk;
    }
  };
  const artifact = await Artifact.fromStream(noted(), [...needed], nodeCrypto);
  return size <= HELD_BYTES ? Artifact.fromBytes(Buffer.concat(held)) : artifact;
}

function neededBy(content: Uint8Array, key: Parameters<typeof digestsNeeded>[1]): readonly HashName[] {
  try {
    return digestsNeeded(parseBundle(content), key);
  } catch (error) {
    // Not a bundle: what else it is, and by which digest it names the file, judging finds out.
    if (isTrustError(error)) return ['sha256', 'sha384', 'sha512'];
    throw error;
  }
}

async function readAll(chunks: AsyncIterable<Uint8Array>, what: string, maxBytes: number): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) throw new TrustError('FILE_TOO_LARGE', `${quote(what)}: larger than the cap of ${maxBytes} bytes`);
    all.push(chunk);
  }
  return Buffer.concat(all, size);
}

// ------------------------------------------------------------------------------------------------------------ by policy

async function judgeByPolicy(view: KitView, policy: OpenedPolicy, root: TrustedRoot, io: Io): Promise<readonly Check[]> {
  const asked = view.things.flatMap((thing) => namesOf(thing).map(({ name, digest }) => ({ thing, name, digest })));
  const things = asked.map(({ thing, name, digest }) => ({
    name,
    open: async (subjects: Subjects): Promise<Subject> =>
      thing.kind === 'file' ? fileSubject(thing, view, { policy, root }, subjects) : imageSubject(name, digest, view, { policy, root }, subjects),
  }));
  const tested = await judgeThings(things, policy.policies, undefined, { offline: true, output: 'text' }, io);
  return inOrder(view.things, 1, async (thing) => {
    const candidates = namesOf(thing).map(({ name }) => tested.filter((one) => one.thing === name).map(testedCheck));
    const [own = [], index] = candidates;
    if (thing.kind === 'file' || index === undefined || thing.index === undefined || own.every(({ status }) => status === 'pass'))
      return thingCheck(thing, own);
    return thingCheck(thing, [...index, await isNamed(thing, thing.index, view)]);
  });
}

function namesOf(thing: KitThing): readonly { readonly name: string; readonly digest: Digest }[] {
  if (thing.kind === 'file') return [{ name: thing.path, digest: thing.digest }];
  const { name, tag, digest, index } = thing;
  const named = (one: Digest) => ({ name: `${name}${tag === undefined ? '' : `:${tag}`}@${one}`, digest: one });
  return [named(digest), ...(index === undefined ? [] : [named(index)])];
}

function testedCheck({ thing, ending, verdict }: Tested): Check {
  if (verdict === undefined) {
    return fail('policy', 'POLICY_UNSATISFIED', `no policy covers ${quote(thing)}`, {
      hint: 'add it to the images of a policy: what no policy is about, none has let in',
    });
  }
  if (ending === 'warn') return pass('policy', `${verdict.policy} would refuse it, and only warns`, { warning: verdict.errors.join('; ') });
  return verdict.check;
}

interface By {
  readonly policy: OpenedPolicy;
  readonly root: TrustedRoot;
}

function imageSubject(name: string, digest: Digest, { content }: KitView, by: By, subjects: Subjects): Subject {
  return {
    ...subjects.open(name),
    ...fromKit(by),
    digest: async () => digest,
    evidence: new FoundEvidence(),
    // Evidence of every place was packed into the one that there is.
    open: async () => content,
    circumstance: async (which) => (which === 'config' ? imageConfigs(content, digest) : undefined),
  };
}

function fileSubject(thing: KitFileThing, view: KitView, by: By, subjects: Subjects): Subject {
  const { name, digest } = thing;
  const image: NamedImage = { text: name, canonical: `${name}@${digest}`, repository: name, tag: undefined, digest };
  return { ...subjects.open(`localhost/file@${digest}`), ...fromKit(by), image, digest: async () => digest, evidence: new EvidenceOfFile(thing, view) };
}

function fromKit({ policy, root }: By): Pick<Subject, 'trust' | 'searchLog'> {
  return {
    searchLog: undefined,
    async trust(reference) {
      if (reference === 'default') return root;
      if ('root' in reference) return reference.root;
      const found = policy.trustRoots.get(reference.name);
      if (found !== undefined) return found;
      throw new TrustError('TRUST_ROOT_UNKNOWN', `trustRootRef ${reference.name} not found`, { expected: 'a TrustRoot of this name', found: reference.name });
    },
  };
}

class EvidenceOfFile extends FoundEvidence {
  readonly #thing: KitFileThing;
  readonly #view: KitView;

  constructor(thing: KitFileThing, view: KitView) {
    super();
    this.#thing = thing;
    this.#view = view;
  }

  override async *in(): AsyncGenerator<FindEvent, void, void> {
    let count = 0;
    for await (const { path, content } of evidenceOf(this.#thing, this.#view)) {
      count += 1;
      yield { kind: 'evidence', evidence: { format: 'bundle', reference: path, content, annotations: {}, digest: digestOf(content) } };
    }
    yield { kind: 'answer', answer: { place: this.#view.name, says: `${count} found` } };
  }
}

const HELD_BYTES = 16 * 1024 * 1024;
const JOBS = 8;
