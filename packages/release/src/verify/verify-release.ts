/**
 * A whole release at once: who signed its description, then everything that it describes, then whether all of it comes from one build. Nothing but the folder is
 * read, so that it holds without a network; what registries have is asked besides (`published.ts`).
 */
import { basename, dirname, join } from 'node:path';
import {
  Artifact,
  type Check,
  canonicalJson,
  fail,
  group,
  isTrustError,
  type Json,
  judged,
  notVerified,
  pass,
  quote,
  skip,
  tryParseJson,
  type Verification,
  type Verified,
} from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { digestOf, hexOf, type Manifest, readManifest } from '@assay/oci';
import { PREDICATE_TYPE_OF, REFERENCE_TYPE, readReferences } from '@assay/sbom';
import { PROVENANCE_TYPES } from '@assay/slsa/generate';
import { MAX_CHECKSUMS_BYTES, parseChecksums } from '../checksums.ts';
import {
  MAX_RELEASE_BYTES,
  namesIn,
  parseRelease,
  RELEASE_FILE,
  type Release,
  type ReleasedChart,
  type ReleasedFile,
  type ReleasedImage,
  type ReleasedSbom,
} from '../release.ts';
import { agreementChecks } from './agreement.ts';
import { chartChecks } from './chart-checks.ts';
import { annotationCheck, EvidenceJudge, type Judge, predicateTypeCheck } from './evidence.ts';
import { ReleaseFolder, type ReleaseFolderOptions } from './release-folder.ts';

export interface VerifyReleaseOptions extends ReleaseFolderOptions {
  readonly judge: Judge;
  /** Asked when everything in the folder holds. */
  readonly published?: (release: Release) => Promise<readonly Check[]>;
}

export interface VerifiedRelease {
  readonly verification: Verification;
  /** As far as its description was verified. */
  readonly release: Release | undefined;
}

/** @param path of the folder, or of `assay.release.json` in it. Errors: `FILE_…`, `RELEASE_PARSE`. */
export async function verifyRelease(path: string, { judge, absent, published }: VerifyReleaseOptions): Promise<VerifiedRelease> {
  const folder = new ReleaseFolder(basename(path) === RELEASE_FILE ? dirname(path) : path, { absent });
  const file = join(folder.path, RELEASE_FILE);
  const content = readFileCapped(file, MAX_RELEASE_BYTES);
  const description = await judgeDescription(content, folder, judge);
  // What nobody signed describes nothing.
  if (description.verified === undefined) return { verification: description, release: undefined };
  const release = parseRelease(content, file);
  const evidence = new EvidenceJudge(folder, judge);
  evidence.proven.push({ what: 'the description of the release', verified: description.verified });
  const whole = new WholeRelease(release, folder, evidence);
  const checks = [...(await whole.checks()), agreement(evidence, release), unsigned(folder, release)];
  const verification = judged(description, checks);
  if (!verification.ok || published === undefined) return { verification, release };
  return { verification: judged(verification, [group('release.published', 'what registries have', await published(release))]), release };
}

async function judgeDescription(content: Uint8Array, folder: ReleaseFolder, judge: Judge): Promise<Verification> {
  const bundle = folder.evidence(`${RELEASE_FILE}.sigstore.json`);
  if (!(bundle instanceof Uint8Array)) return notVerified([bundle]);
  return judge(bundle, Artifact.fromBytes(content));
}

class WholeRelease {
  readonly #release: Release;
  readonly #folder: ReleaseFolder;
  readonly #evidence: EvidenceJudge;

  constructor(release: Release, folder: ReleaseFolder, evidence: EvidenceJudge) {
    this.#release = release;
    this.#folder = folder;
    this.#evidence = evidence;
  }

  async checks(): Promise<Check[]> {
    const { files, images, charts } = this.#release;
    const checks: Check[] = [];
    for (const file of files) checks.push(await this.#file(file));
    for (const image of images) checks.push(await this.#image(image));
    for (const chart of charts) checks.push(await this.#chart(chart));
    checks.push(await this.#checksums());
    if (checks.every(({ status }) => status === 'skip')) return [...checks, NOTHING_HERE];
    const provenance = await this.#provenance();
    return provenance === undefined ? checks : [...checks, provenance];
  }

  async #file(file: ReleasedFile): Promise<Check> {
    const { name, sha256, signature, sboms } = file;
    const digest = this.#folder.digestCheck(name, sha256);
    // Without the file there is nothing to verify.
    if (digest.status === 'skip') return digest;
    const signed = await this.#evidence.judge(name, { kind: 'signature', file: signature, sha256 });
    return group('release.file', name, [digest, signed, ...(await this.#sboms(name, sha256, sboms))]);
  }

  async #sboms(what: string, sha256: string, sboms: readonly ReleasedSbom[]): Promise<Check[]> {
    const checks: Check[] = [];
    for (const sbom of sboms) {
      const { name, sha256: itsDigest, format, attestation } = sbom;
      const present = this.#folder.digestCheck(name, itsDigest);
      checks.push(present);
      if (present.status === 'skip') continue;
      const check = (verified: Verified): readonly Check[] => [
        ...predicateTypeCheck([PREDICATE_TYPE_OF[format], REFERENCE_TYPE])(verified),
        this.#sameSbom(name, verified),
      ];
      checks.push(await this.#evidence.judge(what, { kind: `${format} SBOM`, file: attestation, sha256, check }));
    }
    return checks;
  }

  /** What was attested is what lies there. */
  #sameSbom(name: string, { statement }: Verified): Check {
    const id = 'release.sbom';
    const content = this.#folder.content(name, MAX_SBOM_BYTES);
    if (!(content instanceof Uint8Array)) return content;
    if (statement?.predicateType === REFERENCE_TYPE) return referenceCheck(name, content, statement.statement.predicate);
    const json = tryParseJson(content);
    if (json === undefined) return fail(id, 'RELEASE_MISMATCH', `${quote(name)} is no JSON`);
    if (canonicalJson(json) === canonicalJson(statement?.statement.predicate ?? null)) return pass(id, `${quote(name)} is what was attested`);
    return fail(id, 'RELEASE_MISMATCH', `${quote(name)} is not what was attested`);
  }

  async #image(image: ReleasedImage): Promise<Check> {
    const { repository, digest, signature, provenance, platforms } = image;
    const what = `${repository}@${digest}`;
    const present = this.#manifest(image.manifest, digest);
    if (present.status === 'skip') return present;
    const checks: Check[] = [present, this.#platforms(image)];
    checks.push(
      await this.#evidence.judge(what, {
        kind: 'signature',
        file: signature,
        sha256: hexOf(digest),
        check: annotationCheck('imageRef', `refs/tags/${this.#release.version}`),
      }),
      await this.#evidence.judge(what, { kind: 'provenance', file: provenance, sha256: hexOf(digest), check: predicateTypeCheck(PROVENANCE) }),
    );
    for (const { platform, digest: child, sboms } of platforms) checks.push(...(await this.#sboms(`${what}, ${platform}`, hexOf(child), sboms)));
    return group('release.image', quote(what), checks);
  }

  #manifest(file: string, digest: string): Check {
    return this.#folder.digestCheck(file, hexOf(digest as Parameters<typeof hexOf>[0]));
  }

  /** The signed index names the platforms that the SBOMs are of, all of them. */
  #platforms({ manifest: file, digest, platforms }: ReleasedImage): Check {
    const id = 'release.platforms';
    const manifest = this.#read(file, id);
    if ('status' in manifest) return manifest;
    const named =
      manifest.kind === 'index'
        ? manifest.manifests.filter(({ platform }) => platform !== undefined && platform.os !== 'unknown').map((child) => child.digest as string)
        : [digest as string];
    const described = platforms.map((one) => one.digest as string);
    if ([...named].sort().join() === [...described].sort().join())
      return pass(id, `the ${described.length === 1 ? 'platform' : `${described.length} platforms`} that the manifest names`);
    return fail(id, 'RELEASE_MISMATCH', 'the platforms are not those that the signed manifest names', {
      expected: named.join(', '),
      found: described.join(', '),
    });
  }

  /** A manifest, or the check under `id` that says why it is none. */
  #read(file: string, id: string): Manifest | Check {
    const bytes = this.#folder.content(file, MAX_SBOM_BYTES);
    if (!(bytes instanceof Uint8Array)) return bytes;
    try {
      return readManifest(bytes, undefined, file).manifest;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return fail(id, error.code, error.message);
    }
  }

  /** The chart in the registry, and the archive of it: each may be left out. */
  async #chart(chart: ReleasedChart): Promise<Check> {
    const { name, version, archive, sha256, manifest, digest } = chart;
    const [stored, packed] = [this.#manifest(manifest, digest), this.#folder.digestCheck(archive, sha256)];
    if (stored.status === 'skip' && packed.status === 'skip') return packed;
    const checks: Check[] = [stored, packed];
    if (stored.status !== 'skip') checks.push(...(await this.#storedChart(chart)));
    if (packed.status !== 'skip') checks.push(await this.#evidence.judge(archive, { kind: 'signature', file: chart.archiveSignature, sha256 }));
    const content = packed.status === 'pass' ? this.#folder.content(archive, MAX_SBOM_BYTES) : undefined;
    if (content instanceof Uint8Array) checks.push(...(await chartChecks(content, chart, this.#release)));
    return group('release.chart', quote(`${name} ${version}`), checks);
  }

  async #storedChart({ version, repository, digest, archive, sha256, manifest, signature, provenance }: ReleasedChart): Promise<Check[]> {
    const what = `${repository}@${digest}`;
    const of = hexOf(digest);
    return [
      this.#holds(manifest, sha256, archive),
      await this.#evidence.judge(what, { kind: 'signature', file: signature, sha256: of, check: annotationCheck('chartVersion', version) }),
      await this.#evidence.judge(what, { kind: 'provenance', file: provenance, sha256: of, check: predicateTypeCheck(PROVENANCE) }),
    ];
  }

  /** The chart in the registry is this archive. */
  #holds(file: string, sha256: string, archive: string): Check {
    const id = 'release.chart.layer';
    const manifest = this.#read(file, id);
    if ('status' in manifest) return manifest;
    const layers = manifest.kind === 'image' ? manifest.layers.map((layer) => layer.digest as string) : [];
    if (layers.includes(`sha256:${sha256}`)) return pass(id, `the chart in the registry is ${quote(archive)}`);
    return fail(id, 'RELEASE_MISMATCH', `the chart in the registry is not ${quote(archive)}`, {
      expected: `sha256:${sha256}`,
      found: layers.join(', ') || 'no layer',
    });
  }

  async #checksums(): Promise<Check> {
    const { name, sha256, signature } = this.#release.checksums;
    const present = this.#folder.digestCheck(name, sha256);
    if (present.status === 'skip') return present;
    const content = this.#folder.content(name, MAX_CHECKSUMS_BYTES);
    if (!(content instanceof Uint8Array)) return content;
    const signed = await this.#evidence.judge(name, { kind: 'signature', file: signature, sha256 });
    return group('release.checksums', name, [present, signed, this.#sameChecksums(content, name)]);
  }

  /** Each line is of a file of the release, and says the same: a line for another file would be believed too. */
  #sameChecksums(content: Uint8Array, file: string): Check {
    const id = 'release.checksums.lines';
    const known = new Map(digestsIn(this.#release));
    try {
      const lines = parseChecksums(content, file);
      const wrong = lines.find(({ name, hex }) => known.get(name) !== hex);
      if (wrong === undefined) return pass(id, `its ${lines.length} lines say the same`);
      return fail(id, 'RELEASE_MISMATCH', `${quote(file)}:${wrong.line} says something else of ${quote(wrong.name)}`, {
        expected: known.get(wrong.name) ?? 'no line: it is no file of the release',
        found: wrong.hex,
      });
    } catch (error) {
      if (!isTrustError(error)) throw error;
      return fail(id, error.code, error.message);
    }
  }

  /** One statement about all files and archives. */
  async #provenance(): Promise<Check | undefined> {
    const { provenance, files, charts } = this.#release;
    const subjects = [...files.map(({ name, sha256 }) => [name, sha256] as const), ...charts.map(({ archive, sha256 }) => [archive, sha256] as const)];
    const [first] = subjects;
    if (first === undefined || provenance === undefined) {
      if (first === undefined) return undefined;
      return fail('release.provenance', 'RELEASE_MISSING', 'the release has files, and no provenance of them');
    }
    if (subjects.every(([name]) => this.#folder.isLeftOut(name))) {
      return skip('release.provenance', 'no file that the provenance is about is here', { optional: true });
    }
    const check = (verified: Verified): readonly Check[] => [
      ...predicateTypeCheck(PROVENANCE)(verified),
      ...subjects.map(([name, sha256]) => subjectCheck(name, sha256, verified)),
    ];
    return this.#evidence.judge(subjects.length === 1 ? first[0] : `${subjects.length} files`, {
      kind: 'provenance',
      file: provenance,
      sha256: first[1],
      check,
    });
  }
}

/** What was too large was attested by its digest. */
function referenceCheck(name: string, content: Uint8Array, predicate: Json): Check {
  const id = 'release.sbom';
  const attested = readReferences(predicate).map(({ sha256 }) => `sha256:${sha256}`);
  const found = digestOf(content);
  if (attested.includes(found)) return pass(id, `${quote(name)} is what was attested, by its digest`);
  return fail(id, 'RELEASE_MISMATCH', `${quote(name)} is not what was attested`, { expected: attested.join(', ') || 'a digest', found });
}

function subjectCheck(name: string, sha256: string, { statement }: Verified): Check {
  const id = 'release.provenance.subject';
  const isNamed = statement?.statement.subjects.some((subject) => subject.digest.get('sha256') === sha256) === true;
  if (isNamed) return pass(id, `it is about ${quote(name)}`);
  return fail(id, 'RELEASE_MISMATCH', `the provenance says nothing of ${quote(name)}`, { expected: `a subject sha256:${sha256}`, found: 'none' });
}

function digestsIn({ files, images, charts }: Release): [name: string, sha256: string][] {
  const sboms = [...files.flatMap((file) => file.sboms), ...images.flatMap(({ platforms }) => platforms.flatMap((platform) => platform.sboms))];
  return [
    ...[...files, ...sboms].map(({ name, sha256 }): [string, string] => [name, sha256]),
    ...charts.map(({ archive, sha256 }): [string, string] => [archive, sha256]),
  ];
}

function agreement({ proven }: EvidenceJudge, { commit }: Release): Check {
  return group('release.agreement', { pass: 'all parts come from one build', fail: 'the parts do not come from one build' }, agreementChecks(proven, commit));
}

/** What lies there besides would be used like the rest. */
function unsigned(folder: ReleaseFolder, release: Release): Check {
  const known = new Set([RELEASE_FILE, `${RELEASE_FILE}.sigstore.json`, ...namesIn(release)]);
  const others = folder.names.filter((name) => !known.has(name));
  const id = 'release.unsigned';
  if (others.length === 0) return pass(id, 'nothing else lies in the folder');
  const checks = others.map((name) => fail(id, 'RELEASE_UNSIGNED', `${quote(name)} is there, and nobody signed it`));
  return group(id, 'what nobody signed', checks);
}

const NOTHING_HERE = fail('release.file', 'RELEASE_MISSING', 'nothing of the release is here, so nothing was verified', {
  hint: 'download what you want to verify, with its evidence, into the same folder',
});
const PROVENANCE: readonly string[] = Object.values(PROVENANCE_TYPES);
const MAX_SBOM_BYTES = 512 * 1024 * 1024;
