/** `assay kit export THING… --output FILE`: everything that is needed to judge the things elsewhere, judged here first, in one file. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Check, group, isTrustError, MAX_BUNDLE_BYTES, parseBundle, parseStatement, pass, quote, TrustError } from '@assay/core';
import { type KitHead, KitPlan, type KitThing, writeKit } from '@assay/kit';
import { readFileCapped } from '@assay/net/file';
import { attachBundle, Layout, parseReference, parseRepository, REF_NAME, type RepositoryClient, repositoryText, savedEntry, targetOf } from '@assay/oci';
import { EXIT, exitOf } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { isOffline } from '../../offline.ts';
import { mebibytes, progressLine } from '../../progress.ts';
import type { RegistryAccess } from '../../registry-access.ts';
import { styleFor } from '../../render/style.ts';
import { renderTree } from '../../render/tree.ts';
import { VERSION } from '../../version.ts';
import { evidencePlaces } from '../build/places.ts';
import { openAccess, type RegistryFlags, sideRepositoryOf } from '../registry-flags.ts';
import { kindOf } from '../report.ts';
import { type Thing, thingOf } from '../thing.ts';
import { verifyThings } from '../verify.ts';
import { refuseContradictions } from './contradictions.ts';
import { type DemandFlags, demandText, saysWho } from './demands.ts';
import { judgeKit, type KitView, type Trust, thingName } from './judge.ts';
import { packPolicy } from './policy.ts';
import { type RootToPack, rootToPack } from './trust.ts';

export interface ExportFlags extends DemandFlags, RegistryFlags {
  readonly output: string;
  readonly bundle?: string;
  readonly platform?: string;
  readonly unverified?: boolean;
  readonly force?: boolean;
  readonly offline?: boolean;
  readonly requireFreshRoot?: boolean;
}

/** Returns the exit status. Errors: `USAGE`, `FILE_…`, `POLICY_…`, `TRUST_ROOT_…`, `OCI_…`, `NET_…`. */
export async function runExport(names: readonly string[], flags: ExportFlags, io: Io): Promise<number> {
  refuseContradictions(flags);
  refuseMeaningless(names, flags);
  const plan = new KitPlan(flags.output);
  const packed = await rootToPack(flags, io);
  plan.addBytes(packed.trust.path, packed.bytes);
  const policy = flags.policy === undefined ? undefined : await packPolicy(flags.policy, flags.trustRoot ?? [], plan, io);
  const things = [...new Set(names)].map(thingOf);
  const access = things.some(({ kind }) => kind === 'image') ? openAccess(flags, io) : undefined;
  const line = progressLine(io);
  try {
    for (const [i, thing] of things.entries()) {
      line.tell(() => `reading ${i + 1} of ${things.length}`);
      await add(thing, plan, access, flags, io);
    }
    line.end();
    tellMissed(plan, io);
    const trust: Trust = { loaded: { root: packed.root, check: pass('trust', `trusted root: ${packed.trust.location}`) }, policy };
    const checks = saysWho(flags) ? await judge(plan, things, trust, flags, io) : undefined;
    if (checks !== undefined && !isAccepted(checks, flags, io)) return exitOf(kindOf(group('verification', '', checks)));
    return await write(plan, { packed, policy: policy?.policy, checks }, flags, io);
  } finally {
    line.end();
    access?.close();
  }
}

function refuseMeaningless(names: readonly string[], flags: ExportFlags): void {
  if (existsSync(flags.output) && flags.force !== true)
    throw new TrustError('OCI_EXISTS', `${quote(flags.output)}: is there already`, { hint: 'name another file, or overwrite it with --force' });
  if (flags.bundle !== undefined && names.length > 1)
    throw new TrustError('USAGE', '--bundle is the evidence of one thing', { hint: 'leave bundles beside their files' });
  if (saysWho(flags) || flags.unverified === true) return;
  throw new TrustError('USAGE', 'who must have signed is not said, and what is not verified is not exported', {
    expected: '--policy, --identity and --issuer, --source, or --key',
    found: 'none of them',
    hint: 'say who must have signed; --unverified makes a kit all the same, and says so in it',
  });
}

// --------------------------------------------------------------------------------------------------------------- reading

async function add({ kind, name }: Thing, plan: KitPlan, access: RegistryAccess | undefined, flags: ExportFlags, io: Io): Promise<void> {
  if (kind === 'file') return addFile(name, plan, flags);
  if (kind === 'layout') return addLayout(name, plan, flags, io);
  if (access === undefined) throw new TrustError('INTERNAL', 'no access to registries');
  const reference = parseReference(name);
  const from = access.registries.repository(reference);
  const side = sideRepositoryOf(flags, io);
  const sideRepository = side === undefined ? undefined : access.registries.repository(parseRepository(side));
  await addImage({ from, sideRepository, target: targetOf(reference), name: repositoryText(reference), tag: reference.tag }, plan, flags, io);
}

interface ImageToAdd {
  readonly from: RepositoryClient;
  readonly sideRepository: RepositoryClient | undefined;
  readonly target: string;
  readonly name: string;
  readonly tag: string | undefined;
}

async function addImage({ from, sideRepository, target, name, tag }: ImageToAdd, plan: KitPlan, { platform, bundle }: ExportFlags, io: Io): Promise<void> {
  const stored = await from.requireManifest(target);
  await plan.addImage({ stored, from, name, tag, platform, sideRepository });
  if (bundle !== undefined) await attach(readFileCapped(bundle, MAX_BUNDLE_BYTES), stored.descriptor, plan, io);
}

/** The name that the layout says the image has, or one that says that it came from a folder. */
async function addLayout(folder: string, plan: KitPlan, { platform, bundle }: ExportFlags, io: Io): Promise<void> {
  const layout = Layout.open(folder);
  const { digest, annotations = {} } = savedEntry(layout);
  const stored = await layout.manifest(digest);
  if (stored === undefined) throw new TrustError('OCI_LAYOUT', `${quote(folder)}: does not hold ${digest}, which its index names`);
  const reference = nameIn(annotations) ?? parseReference(`localhost/${basename(folder).toLowerCase()}@${digest}`);
  await plan.addImage({ stored, from: layout, name: repositoryText(reference), tag: reference.tag, platform });
  if (bundle !== undefined) await attach(readFileCapped(bundle, MAX_BUNDLE_BYTES), stored.descriptor, plan, io);
}

function nameIn(annotations: Readonly<Record<string, string>>) {
  for (const text of [annotations['io.containerd.image.name'], annotations[REF_NAME]]) {
    if (text === undefined || !text.includes('/')) continue;
    try {
      return parseReference(text);
    } catch (error) {
      if (!isTrustError(error)) throw error;
    }
  }
  return undefined;
}

async function addFile(path: string, plan: KitPlan, { bundle }: ExportFlags): Promise<void> {
  const name = basename(path);
  if (path === '-' || !existsSync(path))
    throw new TrustError('USAGE', `${quote(path)}: is no file`, { hint: 'a kit holds things, not their digests: name the file' });
  const file = await plan.addFile(name, path);
  for (const place of bundle === undefined ? evidencePlaces(path, file.digest).filter(existsSync) : [bundle]) {
    const beside = basename(place).startsWith(`${name}.`) ? basename(place) : freeName(name, place, plan);
    plan.addEvidence(file, beside, readFileCapped(place, MAX_BUNDLE_BYTES));
  }
}

/** What lies beside many files, or elsewhere, gets the name under which it is found beside this one. */
function freeName(name: string, place: string, plan: KitPlan): string {
  const ending = place.endsWith('.jsonl') ? '.jsonl' : '.json';
  const names = [`${name}.sigstore${ending}`, ...Array.from({ length: 100 }, (_, i) => `${name}.${i + 2}.sigstore${ending}`)];
  return names.find((one) => !plan.has(`files/${one}`)) ?? basename(place);
}

/** Evidence that no registry has becomes a referrer: so it goes wherever the image goes. Errors: `BUNDLE_…`. */
async function attach(
  bundle: Uint8Array,
  subject: { mediaType: string; digest: `sha256:${string}` | `sha512:${string}`; size: number },
  plan: KitPlan,
  io: Io,
): Promise<void> {
  const { content } = parseBundle(bundle, { anyCertificateForm: true });
  const predicateType = content.kind === 'dsse' ? parseStatement(content.payload).predicateType : undefined;
  await attachBundle(plan, { subject, bundle, content: content.kind === 'dsse' ? 'dsse-envelope' : 'message-signature', predicateType, created: io.now });
}

/** What might be evidence and stays behind would be missed where nobody can fetch it. */
function tellMissed({ missed }: KitPlan, io: Io): void {
  for (const { what, problem, loss } of missed) {
    if (loss !== 'none')
      throw new TrustError(problem.code, `${what}: ${problem.message}: it cannot come along, and nothing is exported`, { hint: problem.hint, cause: problem });
    io.stderr(`listed, but not there: ${what}: ${problem.message}\n`);
  }
}

// --------------------------------------------------------------------------------------------------------------- judging

async function judge(plan: KitPlan, things: readonly Thing[], trust: Trust, flags: ExportFlags, io: Io): Promise<readonly Check[]> {
  const checks = await judgeKit(viewOf(plan), trust, flags, io);
  const isComplete = checks.every(({ status }) => status === 'pass');
  if (isComplete || flags.source === undefined || flags.offline === true || isOffline(io.env)) return checks;
  const found = await fetchMore(plan, things, checks, flags, io);
  return found ? judgeKit(viewOf(plan), trust, flags, io) : checks;
}

function viewOf(plan: KitPlan): KitView {
  return { name: plan.name, things: plan.things, content: plan.content(), stream: (path) => plan.stream(path) };
}

/** Provenance that only its forge or a log has: what they answer comes along. */
async function fetchMore(plan: KitPlan, things: readonly Thing[], checks: readonly Check[], flags: ExportFlags, io: Io): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-kit-'));
  const quiet = { ...io, stderr: () => undefined };
  let isFound = false;
  try {
    for (const [i, thing] of plan.things.entries()) {
      const source = things[i];
      if (checks[i]?.status === 'pass' || source === undefined || source.kind === 'layout') continue;
      const saveBundle = join(folder, String(i));
      const { policy: _policy, bundle: _bundle, platform: _platform, ...others } = flags;
      await verifyThings([source.kind === 'file' ? `file:${source.name}` : `oci://${source.name}`], { ...others, saveBundle, output: 'text' }, quiet);
      if (!existsSync(saveBundle)) continue;
      isFound = true;
      const content = readFileSync(saveBundle);
      if (thing.kind === 'file') plan.addEvidence(thing, freeName(thing.name, 'found.json', plan), content);
      else await attach(content, await descriptorOf(thing, plan), plan, io);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return isFound;
}

async function descriptorOf(thing: Exclude<KitThing, { kind: 'file' }>, plan: KitPlan) {
  const stored = await plan.content().manifest(thing.index ?? thing.digest);
  if (stored === undefined) throw new TypeError('the image is in the kit');
  return stored.descriptor;
}

/** Told on standard error: standard output is for the kit. */
function isAccepted(checks: readonly Check[], { unverified }: ExportFlags, io: Io): boolean {
  const refused = checks.filter(({ status }) => status !== 'pass');
  if (refused.length === 0) return true;
  io.stderr(renderTree(group('verification', '', refused), styleFor({ ...io, terminal: false }), 'brief'));
  if (unverified === true) return true;
  io.stderr('nothing is exported: what does not verify here would not verify there (--unverified exports it all the same)\n');
  return false;
}

// --------------------------------------------------------------------------------------------------------------- writing

interface Shown {
  readonly packed: RootToPack;
  readonly policy: KitHead['policy'];
  /** Undefined: nothing was verified. */
  readonly checks: readonly Check[] | undefined;
}

async function write(plan: KitPlan, { packed, policy, checks }: Shown, flags: ExportFlags, io: Io): Promise<number> {
  const head: KitHead = {
    madeAt: io.now,
    madeBy: `assay ${VERSION}`,
    things: plan.things.map((thing, i) => ({ ...thing, verified: checks?.[i]?.status === 'pass' })),
    demand: checks === undefined ? undefined : policy === undefined ? demandText(flags) : `policy ${basename(policy.path)}`,
    trust: packed.trust,
    policy,
  };
  const line = progressLine(io);
  const existing = flags.force === true ? 'replace' : 'refuse';
  try {
    const onBytes = (bytes: number, total: number): void => line.tell(() => `writing ${flags.output}: ${mebibytes(bytes)} of ${mebibytes(total)}`);
    const { digest } = await writeKit(head, plan.pieces(), flags.output, { existing, onBytes });
    line.end();
    for (const thing of head.things) io.stderr(`${thing.verified ? 'verified' : 'NOT verified'}: ${quote(thingName(thing))}\n`);
    io.stdout(`${digest}  ${flags.output}\n`);
    return EXIT.accepted;
  } finally {
    line.end();
  }
}
