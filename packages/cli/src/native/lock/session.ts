/** What the commands of the lock share: the trusted root, access to registries and to forges, and a look at the evidence of a thing, whoever signed it. */
import { type Check, type ExpectedSigner, notVerified, TrustError, type TrustedRoot } from '@assay/core';
import { createHttpClient, type HttpClient } from '@assay/net';
import type { LockEntry } from '@assay/policy/lock';
import type { BuildDemands } from '@assay/slsa';
import type { Io } from '../../io.ts';
import { isOffline } from '../../offline.ts';
import { once } from '../../once.ts';
import { loadRoot } from '../../trusted-root.ts';
import { buildDemands, buildSigner } from '../build/flags.ts';
import { forgeOf } from '../build/forge.ts';
import { loadGithubRoot } from '../build/open.ts';
import { verifyFileBuild } from '../build/verify-file.ts';
import { isWeak, type JudgedEvidence, type Judging } from '../judging.ts';
import { openAccess, sideRepositoryOf } from '../registry-flags.ts';
import type { Judged } from '../report.ts';
import { expectedSigner } from '../signer-flags.ts';
import { type Thing, thingOf } from '../thing.ts';
import { refuseBuildDemands, refuseMeaningless, type VerifyFlags, verifyOptions } from '../verify.ts';
import { verifyImage } from '../verify-image.ts';
import { ANYONE, type AnyTrust, judgeAnyone, judgeDocuments, sourceOf } from './judge-anyone.ts';
import { type NamedThing, nameThing } from './locked-thing.ts';

export interface Session {
  readonly things: readonly NamedThing[];
  /** Whether the command line says who must have signed, or built. */
  readonly isDemanded: boolean;
  /** Evidence of the thing, piece by piece, until `accept` takes one. `entry`: what the lock has of it, which says where more may be. */
  readonly look: (thing: Thing, entry: EntryOrigin | undefined, accept: Accept, how?: Look) => Promise<readonly Judged[]>;
  readonly close: () => void;
}

/** Is asked about every piece that verifies, whoever signed it. What it answers joins the tree. */
export type Accept = (evidence: JudgedEvidence) => JudgedEvidence;
export type EntryOrigin = Pick<LockEntry, 'source' | 'builder'>;
/** Of images. */
export type Look = Pick<VerifyFlags, 'recursive' | 'platform' | 'all'>;

/** To be closed. Errors: `USAGE…`, `FILE_…`, `OCI_REFERENCE`, those of the trusted root. */
export async function openSession(arguments_: readonly string[], flags: VerifyFlags, io: Io): Promise<Session> {
  refuseForeign(flags);
  const named = arguments_.map(thingOf);
  refuseMeaningless(named, flags);
  const things = named.map(nameThing);
  const offline = flags.offline === true || isOffline(io.env);
  const demands = flags.source === undefined ? undefined : buildDemands(flags.source, flags);
  if (demands === undefined) refuseBuildDemands(flags);
  const isSignerNamed = SIGNER.some((name) => flags[name] !== undefined);
  const options = await verifyOptions(flags, await signerOf(flags, demands, io, offline), io, () => loadRoot(flags, io));
  const http = createHttpClient({ env: io.env, offline, userAgent: 'assay' });
  const access = openAccess(flags, io);
  const githubRoot = githubRoots(flags, offline, http, io);
  return {
    things,
    isDemanded: isSignerNamed || demands !== undefined,
    async look({ kind, name }, entry, accept, how = {}) {
      const expected = demands ?? demandsOf(entry);
      const settings = { demands, expected, githubRoot: githubRoot(expected), http: offline ? undefined : http, rekorUrl: flags.rekorUrl };
      const trust: AnyTrust = { ...settings, options: { ...options, findings: [] }, onFound: () => undefined };
      const forge = offline || expected === undefined ? undefined : forgeOf(expected.source, http, io);
      const judging = { ...judgingBy(trust, accept), options, askForge: forge };
      if (kind !== 'image') return [{ verification: await verifyFileBuild(name, flags.bundle, judging, io), subject: { name } }];
      const { bundle } = flags;
      const sideRepository = sideRepositoryOf(flags, io);
      const where = { output: 'text' as const, ...(bundle !== undefined && { bundle }), ...(sideRepository !== undefined && { sideRepository }) };
      return verifyImage(name, { ...where, ...how }, async () => judging, access.registries);
    },
    close() {
      access.close();
      http.close();
    },
  };
}

function judgingBy(trust: AnyTrust, accept: Accept): Pick<Judging, 'judge' | 'judgeContent'> {
  const asked = (evidence: JudgedEvidence): JudgedEvidence => (evidence.ok ? accept(evidence) : evidence);
  return {
    judge: async (bundle, artifact) => asked(await judgeAnyone(bundle, artifact, trust)),
    async judgeContent(content, artifact) {
      const refused: JudgedEvidence[] = [];
      let weak: JudgedEvidence | undefined;
      for (const evidence of await judgeDocuments(content, artifact, trust)) {
        const answer = asked(evidence);
        if (!answer.ok) refused.push(answer);
        else if (isWeak(answer)) weak ??= answer;
        else return answer;
      }
      if (weak !== undefined) return weak;
      const [only, ...others] = refused as [JudgedEvidence, ...JudgedEvidence[]];
      if (others.length === 0) return only;
      return notVerified(refused.map(({ root }, i): Check => ({ ...root, id: 'document', says: `document ${i + 1} of ${refused.length} does not hold` })));
    },
  };
}

/** Who signs may be anyone, where neither signer nor source is said: that is the lock's to say. */
async function signerOf(flags: VerifyFlags, demands: BuildDemands | undefined, io: Io, offline: boolean): Promise<ExpectedSigner> {
  if (demands !== undefined) return buildSigner(flags, demands, io, offline);
  if (SIGNER.some((name) => flags[name] !== undefined)) return expectedSigner(flags, io, offline);
  return { identities: [{ san: ANYONE, issuer: ANYONE }] };
}

/** What the lock says of the build, for evidence that does not say who signed it, and for the forge that may have more. Whether it holds is compared later. */
function demandsOf(entry: EntryOrigin | undefined): BuildDemands | undefined {
  const source = sourceOf(entry?.source);
  return source && { source, builder: entry?.builder?.replace(/@refs\/tags\/\*$/, '') };
}

/** One root for each host, asked for when a certificate of GitHub's own instance is met. */
function githubRoots(flags: VerifyFlags, offline: boolean, http: HttpClient, io: Io): (demands: BuildDemands | undefined) => AnyTrust['githubRoot'] {
  if (flags.trustedRoot !== undefined || io.env['ASSAY_TRUST']) return () => undefined;
  const roots = new Map<string, () => Promise<TrustedRoot>>();
  return (demands) => {
    const host = demands?.source.host ?? 'github.com';
    const load = roots.get(host) ?? once(() => loadGithubRoot(host, offline, http, io));
    roots.set(host, load);
    return load;
  };
}

/** What the lock does not go with. */
function refuseForeign(flags: VerifyFlags): void {
  const given = FOREIGN.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  const flag = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new TrustError('USAGE', `a lock and --${flag} do not go together`, { hint: 'run both, one after the other' });
}

const SIGNER = ['identity', 'identityRegexp', 'issuer', 'issuerRegexp', 'key'] as const;
const FOREIGN = ['policy', 'trustRoot', 'type', 'annotation', 'saveBundle'] as const;
