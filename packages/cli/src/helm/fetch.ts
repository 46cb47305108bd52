/** A chart from a registry: the reference and `--version` to its content, and the lines that helm prints about it. */

import type { RepositoryClient } from '@assay/oci';
import {
  type ChartReference,
  isOciUrl,
  type PulledChart,
  parseChartReference,
  pullChart,
  resolveChartVersion,
  tagOf,
  type VerifiedProvenance,
  verifyProvenance,
} from '@assay/oci/chart';
import type { Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { withRepository } from './access.ts';
import { readKeyring } from './keyring.ts';
import { underscoreNotice } from './notice.ts';

export interface FetchedChart {
  /** `NAME-VERSION.tgz` */
  readonly fileName: string;
  readonly archive: Uint8Array;
  /** When it was asked for, and the chart has one. */
  readonly provenance: Uint8Array | undefined;
  /** With `--verify`. */
  readonly verified: VerifiedProvenance | undefined;
}

/** @param provenance whether it is wanted: a chart without one is told of on standard output */
export async function fetchChart(url: string, flags: ParsedFlags, context: Context, provenance: 'skip' | 'want' | 'verify'): Promise<FetchedChart> {
  if (!isOciUrl(url)) throw new CommandError(`${url}: chart repositories are not supported here: name a chart in a registry, oci://HOST/PATH/NAME`);
  if (flags.text('repo') !== '')
    throw new CommandError('--repo names a chart repository, which is not supported here: name a chart in a registry, oci://HOST/PATH/NAME');
  const reference = parseChartReference(url);
  return withRepository(reference.repository, flags, context, async (from) => {
    const target = await targetOf(reference, wantedVersion(flags), from);
    const pulled = await pullChart(from, target.asked, target.printed);
    report(pulled, target.printed, context.io);
    const fetched = { fileName: target.fileName, archive: pulled.archive, provenance: undefined, verified: undefined };
    if (provenance === 'skip') return fetched;
    return { ...fetched, ...(await fetchProvenance(pulled, { url, target, isDemanded: provenance === 'verify' }, flags, context.io)) };
  });
}

function wantedVersion(flags: ParsedFlags): string {
  return flags.text('version').trim() || (flags.bool('devel') ? '>0.0.0-0' : '');
}

interface Target {
  /** Tag or digest. */
  readonly asked: string;
  /** `HOST/PATH:TAG` */
  readonly printed: string;
  /** `oci://HOST/PATH:VERSION` */
  readonly url: string;
  readonly fileName: string;
}

async function targetOf(reference: ChartReference, wanted: string, from: RepositoryClient): Promise<Target> {
  const { name, digest, version } = reference;
  const base = name.split('/').at(-1);
  if (wanted !== '' && version !== undefined && version !== wanted) throw new CommandError(`chart reference and version mismatch: ${wanted} is not ${version}`);
  if (digest === undefined) {
    const found = await resolveChartVersion(from, wanted || version || '');
    return { asked: tagOf(found), printed: `${name}:${tagOf(found)}`, url: `oci://${name}:${found}`, fileName: `${base}-${found}.tgz` };
  }
  const tagged = wanted || version;
  const stated = tagged === undefined || tagged === '' ? undefined : await from.resolve(tagOf(tagged));
  if (stated !== undefined && stated.digest !== digest) throw new CommandError(`chart reference digest mismatch: ${stated.digest} is not ${digest}`);
  return { asked: digest, printed: `${name}@${digest}`, url: `oci://${name}@${digest}`, fileName: `${base}@${digest.replace(':', '-')}.tgz` };
}

function report({ digest, isLegacy }: PulledChart, printed: string, { stderr }: Io): void {
  if (isLegacy) stderr('Warning: chart media type application/tar+gzip is deprecated\n');
  stderr(`Pulled: ${printed}\nDigest: ${digest}\n${printed.includes('_') ? underscoreNotice(printed) : ''}`);
}

interface ProvenanceWish {
  /** As typed. */
  readonly url: string;
  readonly target: Target;
  readonly isDemanded: boolean;
}

async function fetchProvenance(
  pulled: PulledChart,
  { url, target, isDemanded }: ProvenanceWish,
  flags: ParsedFlags,
  io: Io,
): Promise<Pick<FetchedChart, 'provenance' | 'verified'>> {
  const provenance = await pulled.provenance();
  if (provenance === undefined) {
    if (isDemanded) throw new CommandError(`failed to fetch provenance "${target.url}.prov"`);
    io.stdout(`WARNING: Verification not found for ${url}: manifest does not contain a layer with mediatype ${PROVENANCE_TYPE}\n`);
    return { provenance: undefined, verified: undefined };
  }
  report({ ...pulled, isLegacy: false }, target.printed, io);
  if (!isDemanded) return { provenance, verified: undefined };
  const subject = { fileName: target.fileName, archive: pulled.archive, provenance };
  return {
    provenance,
    verified: await verifyProvenance(subject, { keyring: await wrapped('failed to load keyring', () => readKeyring(flags, io)), now: io.now }),
  };
}

const PROVENANCE_TYPE = 'application/vnd.cncf.helm.chart.provenance.v1.prov';
