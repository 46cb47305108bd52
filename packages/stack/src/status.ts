/**
 * What a stack has, and what of it expires when; read from its files alone, whether it runs or not.
 *
 * Nothing is verified here: that is `check/`. What cannot be read is a warning and no error, so that the rest is still shown.
 */
import { isTrustError, parseCertificatesPem, parseCheckpoint, quote } from '@assay/core';
import { chainFile } from './authorities.ts';
import { GENERATION_KINDS, type Generation, type GenerationKind, type Instance, requireInstance } from './instance.ts';
import { CHECKPOINT } from './log/open-tile-log.ts';
import { type LogKind, logPlaces } from './log-places.ts';
import { type Disk, openDisk } from './store/disk.ts';
import { holdingProcess, isFolderLocked } from './store/lock.ts';
import { ROLES, type RoleName, readPublished } from './tuf/published.ts';

export interface StackStatus {
  readonly directory: string;
  readonly origin: string;
  readonly created: Date;
  /** The process that has the folder; its id when it is known. */
  readonly running: { readonly pid?: number } | undefined;
  /** Every one of every kind, the oldest first. */
  readonly generations: readonly GenerationStatus[];
  /** What is published; none where there is no repository. */
  readonly tuf: readonly TufRoleStatus[];
  readonly logs: readonly LogStatus[];
  readonly warnings: readonly Warning[];
}

export interface GenerationStatus extends Omit<Generation, 'treeId'> {
  readonly kind: GenerationKind;
  /** Of authorities: the signer's first, the root's last. None where there is no chain. */
  readonly certificates?: readonly CertificateStatus[];
}

export interface CertificateStatus {
  readonly subject: string;
  readonly notAfter: Date;
}

export interface TufRoleStatus {
  readonly role: RoleName;
  readonly version: number;
  readonly expires: Date;
}

export interface LogStatus {
  readonly kind: LogKind;
  readonly number: number;
  /** Relative to the folder of the stack. */
  readonly folder: string;
  readonly url: string;
  /** Entries in the published tree, by its checkpoint; absent when that cannot be read. */
  readonly size?: number;
}

export interface Warning {
  /** Whether it is too late already. */
  readonly expired: boolean;
  /** One sentence. */
  readonly says: string;
  readonly hint: string;
}

/** Errors: `STACK_DATA` for a folder without a stack, or with a `stack.json` that cannot be read. */
export async function readStatus(directory: string, now: Date): Promise<StackStatus> {
  const disk = openDisk(directory);
  const instance = await requireInstance(disk);
  const running = await runningProcess(disk.root);
  const warnings: Warning[] = [];
  /** What cannot be read is left out, and said. */
  const attempt = async <T>(what: string, reading: Promise<T>, instead: T): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      warnings.push({ expired: false, says: `${what} cannot be read: ${reasonOf(error)}`, hint: DAMAGED });
      return instead;
    }
  };

  const generations: GenerationStatus[] = [];
  for (const kind of GENERATION_KINDS) {
    for (const { treeId: _, ...generation } of instance.generations[kind]) {
      const certificates =
        kind === 'ca' || kind === 'tsa' ? await attempt(chainPath(kind, generation), readChain(disk, kind, generation), undefined) : undefined;
      generations.push({ kind, ...generation, ...(certificates !== undefined && { certificates }) });
    }
  }
  const tuf = await attempt('the TUF repository', readTuf(disk.at('tuf')), []);
  const logs: LogStatus[] = [];
  for (const { kind, generation, folder, url } of logPlaces(instance)) {
    const size = await attempt(`${folder}/${CHECKPOINT}`, readSize(disk.at(folder)), undefined);
    logs.push({ kind, number: generation.number, folder, url, ...(size !== undefined && { size }) });
  }

  warnings.push(
    ...generations.flatMap((generation) => chainWarnings(generation, now)),
    ...tuf.flatMap((role) => tufWarnings(role, running !== undefined, now)),
  );
  const { origin, created } = instance;
  return { directory: disk.root, origin, created, running, generations, tuf, logs, warnings: warnings.sort((a, b) => Number(b.expired) - Number(a.expired)) };
}

async function runningProcess(root: string): Promise<StackStatus['running']> {
  if (!(await isFolderLocked(root))) return undefined;
  const pid = await holdingProcess(root);
  return pid === undefined ? {} : { pid };
}

type AuthorityKind = keyof Instance['generations'] & ('ca' | 'tsa');

function chainPath(kind: AuthorityKind, { number }: Pick<Generation, 'number'>): string {
  return `${kind}/${chainFile(number)}`;
}

async function readChain(disk: Disk, kind: AuthorityKind, generation: Pick<Generation, 'number'>): Promise<readonly CertificateStatus[] | undefined> {
  const pem = await disk.read(chainPath(kind, generation));
  return pem && parseCertificatesPem(Buffer.from(pem).toString()).map(({ subjectText, validity }) => ({ subject: subjectText, notAfter: validity.end }));
}

async function readTuf(disk: Disk): Promise<TufRoleStatus[]> {
  const published = await readPublished(disk);
  if (published === undefined) return [];
  const { root, current } = published;
  return ROLES.flatMap((role) => {
    const metadata = role === 'root' ? root : current?.[role];
    return metadata === undefined ? [] : [{ role, version: metadata.version, expires: metadata.expires }];
  });
}

/** Undefined where the log was never opened. */
async function readSize(disk: Disk): Promise<number | undefined> {
  const bytes = await disk.read(CHECKPOINT);
  if (bytes === undefined) return undefined;
  const parsed = parseCheckpoint(Buffer.from(bytes).toString());
  if ('problem' in parsed) throw new TypeError(parsed.problem);
  return Number(parsed.checkpoint.treeSize);
}

/** Of what signs now: a chain that was replaced may end, since what it signed is judged by the time of its signing. */
function chainWarnings({ kind, number, end, certificates = [] }: GenerationStatus, now: Date): Warning[] {
  if (end !== undefined && end <= now) return [];
  const what = kind === 'ca' ? 'certificate authority' : 'timestamp authority';
  // The first that ends ends the whole chain.
  const [first] = [...certificates].sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
  if (first === undefined) return [];
  return expiryWarnings(`certificate "${first.subject}" of ${what} ${number}`, first.notAfter, CHAIN_NOTICE_DAYS, now, `assay stack rotate ${kind}`);
}

function tufWarnings({ role, version, expires }: TufRoleStatus, isRunning: boolean, now: Date): Warning[] {
  return expiryWarnings(`TUF ${role} ${version}`, expires, TUF_NOTICE_DAYS[role], now, tufHint(role, isRunning));
}

/** Targets are signed anew when the stack starts, timestamp and snapshot every few days while it runs; a root only by a rotation. */
function tufHint(role: RoleName, isRunning: boolean): string {
  if (role === 'root') return 'assay stack rotate tuf';
  if (!isRunning) return 'start the stack: it renews it itself';
  if (role === 'targets') return 'start the stack again: it renews it then';
  return 'the stack that runs should have renewed it: look into its log, or start it again';
}

function expiryWarnings(what: string, end: Date, noticeDays: number, now: Date, hint: string): Warning[] {
  const days = (end.getTime() - now.getTime()) / DAY_MS;
  if (days >= noticeDays) return [];
  const date = end.toISOString().replace(/\.\d+Z$/, 'Z');
  if (days <= 0) return [{ expired: true, says: `${what} expired on ${date}`, hint }];
  return [{ expired: false, says: `${what} expires on ${date}, in ${spanText(days)}`, hint }];
}

function spanText(days: number): string {
  const [count, unit] = days >= 2 ? [Math.floor(days), 'days'] : [Math.floor(days * 24), 'hours'];
  return count < 1 ? 'less than an hour' : `${count} ${count === 1 ? unit.slice(0, -1) : unit}`;
}

function reasonOf(error: unknown): string {
  return isTrustError(error) ? error.message : quote(error instanceof Error ? error.message : String(error));
}

const DAMAGED = 'assay stack check tells all that is wrong';
const DAY_MS = 86_400_000;
const CHAIN_NOTICE_DAYS = 30;
const TUF_NOTICE_DAYS: Readonly<Record<RoleName, number>> = { root: 60, targets: 60, snapshot: 7, timestamp: 1 };
