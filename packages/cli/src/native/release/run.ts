/** `assay release`: opens what the steps need, and tells how far they are. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { Registries } from '@assay/oci';
import {
  forget,
  type Plan,
  parseRelease,
  parseReleaseConfig,
  planRelease,
  RELEASE_FILE,
  type ReleaseConfig,
  type RunOptions,
  readInputs,
  runRelease,
  type Step,
  tagText,
  verifyRelease,
} from '@assay/release';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import type { PartyFlags } from '../party.ts';
import { type Builder, type BuildFlags, builderOf } from '../provenance/build.ts';
import { openBuildSession } from '../provenance/generate.ts';
import { openAccess, type RegistryFlags } from '../registry-flags.ts';
import { requireVerified } from '../require-verified.ts';
import { verifyBaseImages } from './base-images.ts';
import { gitHead } from './git-head.ts';
import { ownJudge } from './own-judge.ts';
import { releaseSigner } from './signer.ts';

export interface ReleaseFlags extends PartyFlags, RegistryFlags, Omit<BuildFlags, 'predicateVersion'> {
  readonly releaseVersion?: string;
  readonly folder?: string;
  readonly dryRun?: boolean;
  readonly restart?: boolean;
  readonly maxInline?: number;
  readonly output: 'text' | 'json';
}

/** Returns the exit status. Errors: `RELEASE_…`, `USAGE`, `CHART_…`, `OCI_…`, `KEY_…`, `TOKEN_…`, `PROVENANCE_…`, `FILE_…`, what verification found. */
export async function runReleaseCommand(file: string, flags: ReleaseFlags, io: Io): Promise<number> {
  const config = parseReleaseConfig(new TextDecoder().decode(readFileCapped(file, MAX_CONFIG_BYTES)), file);
  const version = versionOf(config, flags, io);
  const folder = dirname(file);
  const output = flags.folder ?? join(folder, 'release');
  const builder = builderOf({ ...flags, predicateVersion: 'v1' }, io.env);
  const access = openAccess(flags, io);
  try {
    const { registries } = access;
    const plan = planRelease(config, await readInputs(config, version, { folder, registries }));
    if (flags.dryRun === true) return show(plan, output, flags, io);
    if (flags.restart === true) forget(output);
    const bases = existsSync(output) ? EXIT.accepted : await verifyBaseImages(config.baseImages, folder, flags, io);
    if (bases !== EXIT.accepted) return bases;
    return told(await make(plan, { output, folder, builder, registries }, flags, io), output, flags, io);
  } finally {
    access.close();
  }
}

interface Making {
  readonly output: string;
  /** Of the description. */
  readonly folder: string;
  readonly builder: Builder;
  readonly registries: Registries;
}

async function make(plan: Plan, { output, folder, builder, registries }: Making, flags: ReleaseFlags, io: Io): Promise<Ended> {
  const head = gitHead(folder);
  let session: Awaited<ReturnType<typeof openBuildSession>> | undefined;
  try {
    return await runRelease(plan, {
      output,
      registries,
      now: io.now,
      time: (begun) => timeOf(io) ?? head?.time ?? begun,
      work: async (place) => {
        const commit = flags.commit ?? head?.commit;
        session = await openBuildSession('generic', builder, { ...flags, predicateVersion: 'v1', ...(commit !== undefined && { commit }) }, io);
        const { provenance, facts } = session.build;
        return { ...place, commit: facts?.commit ?? commit, registries, provenance, signer: await releaseSigner(session, flags, io) };
      },
      verify: async (place) => {
        const { verification } = await verifyRelease(place, { absent: 'refused', judge: await ownJudge(place, flags, io) });
        requireVerified(verification, 'the release');
      },
      onStep: counted(plan.packed.length + plan.steps.length + 1 + plan.tags.length, io),
    });
  } finally {
    session?.close();
  }
}

/** ` 3/28 sign app.tar.gz` */
function counted(total: number, io: Io): RunOptions['onStep'] {
  let step = 0;
  return ({ says }, state) => {
    step += 1;
    io.stderr(`${String(step).padStart(String(total).length)}/${total} ${says}${state === 'was done' ? ' (done before)' : ''}\n`);
  };
}

/** In the file, on the command line, or the tag that is built. */
function versionOf({ version: inFile }: ReleaseConfig, { releaseVersion }: ReleaseFlags, { env }: Io): string {
  const tag = env['GITHUB_REF_TYPE'] === 'tag' ? env['GITHUB_REF_NAME'] : env['CI_COMMIT_TAG'];
  const version = releaseVersion ?? inFile ?? tag?.replace(/^v(?=\d)/, '');
  if (version === undefined || version === '') {
    throw new TrustError('USAGE', 'the version of the release is not said', {
      hint: 'add --release-version VERSION, build a tag, or write `version:` into the file',
    });
  }
  if (!/^[0-9A-Za-z][0-9A-Za-z.+_-]{0,127}$/.test(version))
    throw new TrustError('USAGE', `no version: ${version}`, { expected: 'such as 1.4.0 or 1.4.0-rc.1' });
  return version;
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org): the time of everything that is made. */
function timeOf({ env }: Io): Date | undefined {
  const seconds = env['SOURCE_DATE_EPOCH'];
  if (seconds === undefined || seconds === '') return undefined;
  if (!/^\d{1,12}$/.test(seconds)) throw new TrustError('USAGE', 'SOURCE_DATE_EPOCH is no number of seconds', { expected: 'digits', found: seconds });
  return new Date(Number(seconds) * 1000);
}

function show({ config, packed, steps, tags }: Plan, output: string, flags: ReleaseFlags, io: Io): number {
  const all: Pick<Step, 'says'>[] = [
    ...config.baseImages.map(({ image }) => ({ says: `verify the base image ${image}` })),
    ...packed,
    ...steps,
    { says: 'verify all of it' },
    ...tags.map((tag) => ({ says: `point ${tagText(tag)} to it` })),
    { says: `call the folder ${output}` },
  ];
  if (flags.output === 'json')
    io.stdout(
      `${JSON.stringify(
        all.map(({ says }, i) => ({ step: i + 1, says })),
        null,
        2,
      )}\n`,
    );
  else for (const [i, { says }] of all.entries()) io.stdout(`${String(i + 1).padStart(String(all.length).length)}. ${says}\n`);
  return EXIT.accepted;
}

type Ended = Awaited<ReturnType<typeof runRelease>>;

function told(ended: Ended, output: string, flags: ReleaseFlags, io: Io): number {
  const file = join(output, RELEASE_FILE);
  if (ended === 'was released') io.stderr(`${output}: these things were released before, nothing is left to do\n`);
  const content = readFileCapped(file, MAX_CONFIG_BYTES);
  if (flags.output === 'json') io.stdout(content);
  else {
    const { images, charts } = parseRelease(content, file);
    for (const { repository, digest } of [...images, ...charts]) io.stdout(`${repository}@${digest}\n`);
    io.stdout(`${file}\n`);
  }
  return EXIT.accepted;
}

const MAX_CONFIG_BYTES = 16 * 1024 * 1024;
