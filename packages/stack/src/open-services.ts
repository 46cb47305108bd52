/**
 * Opens the services of an instance, in the order in which they need each other, and says what of them is published.
 *
 *   issuer ◄── certificate authority ──► CT log        Rekor v1, v2        timestamps        registry
 */

import { tufKeyOf } from '@assay/make';
import type { Logger } from 'pino';
import { certificateAuthority, timestampAuthority } from './authorities.ts';
import { type FetchIssuer, type FulcioConfig, openCa, openIssuerFetcher } from './ca/index.ts';
import { type CtLog, openCtLog } from './ctlog/index.ts';
import type { Endpoints } from './documents.ts';
import { type Elsewhere, endpointsElsewhere, publishedElsewhere } from './elsewhere.ts';
import { fulcioIssuers } from './fulcio-issuers.ts';
import { current, type Generation, type GenerationKind, type Instance } from './instance.ts';
import { logPlace } from './log-places.ts';
import { PATHS, SERVICE_NAMES, type ServiceName } from './names.ts';
import { oidcKey, openOidc } from './oidc/index.ts';
import type { Published, PublishedAuthority, PublishedLog } from './published.ts';
import { openRegistry } from './registry/index.ts';
import { openRekorV1, openRekorV2 } from './rekor/index.ts';
import { openRemoteCtLog } from './remote-ct-log.ts';
import type { Clock, Service, ServiceContext } from './service.ts';
import type { Disk } from './store/disk.ts';
import { createKey, type KeyPrefix } from './store/key-names.ts';
import { type Keys, signingKeyOf } from './store/keys.ts';
import { openTsa } from './tsa/index.ts';
import { openTufRepository, type TufKeys, type TufService } from './tuf/index.ts';
import { tufTargets } from './tuf-targets.ts';

export interface OpenOptions {
  readonly disk: Disk;
  readonly keys: Keys;
  readonly instance: Instance;
  readonly clock: Clock;
  readonly log: Logger;
  readonly only?: readonly ServiceName[] | undefined;
  /** These are led to, and not opened. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Issuers besides our own. */
  readonly fulcioConfig?: FulcioConfig | undefined;
}

export interface Mounted {
  readonly name: ServiceName;
  /** Below the origin; `/` for those that have no path of their own. */
  readonly path: string;
  readonly service: Service;
}

export interface OpenedServices {
  readonly byName: ReadonlyMap<ServiceName, Service>;
  readonly mounted: readonly Mounted[];
  readonly endpoints: Endpoints;
  readonly published: Published;
  /** Undefined when it is elsewhere, or not wanted. */
  readonly tuf: TufService | undefined;
  /** Why services cannot work now, one sentence each. */
  problems(): string[];
  close(): Promise<void>;
}

/** Errors: `STACK_DATA`. What was opened is closed again when a later one cannot be. */
export async function openServices(options: OpenOptions): Promise<OpenedServices> {
  const stack = new Assembly(options);
  try {
    const wanted = (name: ServiceName): boolean => (options.only ?? SERVICE_NAMES).includes(name) && options.elsewhere?.urls[name] === undefined;
    stack.leadElsewhere();
    if (wanted('oidc')) await stack.openIssuer();
    // An authority elsewhere has its own.
    if (wanted('ctlog') && options.elsewhere?.urls.fulcio === undefined) await stack.openCtLogs();
    if (wanted('fulcio')) await stack.openCertificateAuthority();
    if (wanted('rekor')) await stack.openRekor();
    if (wanted('rekor-v2')) await stack.openRekorShards();
    if (wanted('tsa')) await stack.openTimestampAuthority();
    if (wanted('registry')) await stack.openRegistry();
    // Last: it publishes what the others are.
    if (wanted('tuf')) await stack.openTuf();
    return stack.opened();
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/** What is open so far, and what of it clients need to know. */
class Assembly {
  readonly #options: OpenOptions;
  readonly #mounted: Mounted[] = [];
  readonly #letGo: (() => void)[] = [];
  #endpoints: Endpoints;
  #published: Published = { certificateAuthorities: [], issuers: [], ctLogs: [], rekorV1: [], rekorV2: [], timestampAuthorities: [] };
  #ctLog: Pick<CtLog, 'addPrecertificate'> | undefined;
  #issuer: Service | undefined;
  #tuf: TufService | undefined;

  constructor(options: OpenOptions) {
    this.#options = options;
    this.#endpoints = { origin: options.instance.origin };
  }

  leadElsewhere(): void {
    const { elsewhere, instance } = this.#options;
    if (elsewhere === undefined) return;
    this.#publish({ elsewhere: publishedElsewhere(elsewhere, instance.created) }, endpointsElsewhere(elsewhere));
    const { ctlog } = elsewhere.urls;
    if (ctlog === undefined) return;
    const remote = openRemoteCtLog(ctlog);
    this.#letGo.push(() => remote.close());
    this.#ctLog = remote;
  }

  async openIssuer(): Promise<void> {
    const { instance } = this.#options;
    const generations = instance.generations.oidc.toReversed();
    const keys = await Promise.all(generations.map(async ({ number }) => oidcKey(await createKey(this.#options.keys, 'oidc', number))));
    const oidc = await openOidc({ ...this.#context('oidc', PATHS.oidc), keys });
    this.#issuer = oidc;
    this.#mount('oidc', PATHS.oidc, oidc);
    const url = instance.origin + PATHS.oidc;
    this.#publish({ issuers: [{ url, start: instance.created }] }, { oidc: url });
  }

  /** The last one takes certificates; the others are read for ever. */
  async openCtLogs(): Promise<void> {
    const { instance, keys } = this.#options;
    const roots = await Promise.all(instance.generations.ca.map(async (generation) => (await this.#chain('ca', generation)).at(-1) as Uint8Array));
    const logs = await this.#each('ctlog', async (generation): Promise<PublishedLog> => {
      const { folder, path, url } = logPlace('ctlog', generation, instance.origin);
      const key = signingKeyOf(await createKey(keys, 'ctlog', generation.number));
      const log = await openCtLog({ ...this.#context(folder, path), key, roots });
      this.#ctLog = log;
      this.#mount('ctlog', path, log);
      return { url, start: generation.start, key, logId: log.logId };
    });
    this.#publish({ ctLogs: logs }, { ctlog: logs.at(-1)?.url });
  }

  async openCertificateAuthority(): Promise<void> {
    const { instance, keys, disk, clock, elsewhere, fulcioConfig } = this.#options;
    const { number } = current(instance, 'ca');
    const { authority, certificates } = await certificateAuthority({ disk: disk.at('ca'), keys, number }, clock());
    const { fetchIssuer, close } = openIssuerFetcher();
    this.#letGo.push(close);
    const ctLog = this.#ctLog;
    const ca = await openCa({
      ...this.#context('ca', ''),
      authority,
      chain: certificates,
      config: fulcioIssuers(fulcioConfig, { own: instance.origin + PATHS.oidc, elsewhere: elsewhere?.urls.oidc }),
      fetchIssuer: this.#issuerFetcher(fetchIssuer),
      ...(ctLog !== undefined && { logPrecertificate: (chain) => ctLog.addPrecertificate(chain) }),
    });
    this.#mount('fulcio', '/', ca);
    const authorities = await this.#each('ca', async (generation) => authorityOf(instance.origin, generation, await this.#chain('ca', generation)));
    this.#publish({ certificateAuthorities: authorities }, { fulcio: instance.origin });
  }

  /** Our own issuers are asked without a socket: the CA can certify before the process listens, and does not depend on how it is reached. */
  #issuerFetcher(others: FetchIssuer): FetchIssuer {
    const own = this.#options.instance.origin + PATHS.oidc;
    return async (url, limits) => {
      const issuer = this.#issuer;
      if (issuer === undefined || !url.startsWith(`${own}/`)) return others(url, limits);
      const answer = await issuer.app.fetch(new Request(`http://issuer${url.slice(own.length)}`));
      if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
      return new Uint8Array(await answer.arrayBuffer());
    };
  }

  async openRekor(): Promise<void> {
    const { instance, keys } = this.#options;
    const shards = await this.#each('rekorV1', async ({ number, treeId = 0n }) => ({
      treeId,
      key: signingKeyOf(await createKey(keys, 'rekor-v1', number)),
    }));
    const rekor = await openRekorV1({ ...this.#context('rekor/v1', ''), shards });
    this.#mount('rekor', '/', rekor);
    const logs = instance.generations.rekorV1.map(({ start }, i) => ({ ...(rekor.logs[i] as (typeof rekor.logs)[number]), url: instance.origin, start }));
    this.#publish({ rekorV1: logs }, { rekor: instance.origin });
  }

  async openRekorShards(): Promise<void> {
    const { instance, keys } = this.#options;
    const logs = await this.#each('rekorV2', async (generation): Promise<PublishedLog> => {
      const { folder, path, url } = logPlace('rekorV2', generation, instance.origin);
      const { number, start, end } = generation;
      const key = signingKeyOf(await createKey(keys, 'rekor-v2', number));
      const shard = await openRekorV2({
        ...this.#context(folder, path),
        key,
        // sigstore-js still asks for that, and cosign 2.
        acceptDsse: true,
        frozenFrom: end && new Date(end.getTime() + OLD_CONFIGURATIONS_MS),
      });
      this.#mount('rekor-v2', path, shard);
      return { url, start, key, logId: shard.logId, ...(end !== undefined && { end }) };
    });
    this.#publish({ rekorV2: logs }, { rekorV2: logs.at(-1)?.url });
  }

  async openTimestampAuthority(): Promise<void> {
    const { instance, keys, disk, clock } = this.#options;
    const { number } = current(instance, 'tsa');
    const { authority, certificates } = await timestampAuthority({ disk: disk.at('tsa'), keys, number }, clock());
    const tsa = await openTsa({ ...this.#context('tsa', ''), signer: { key: authority.key, certificate: authority.certificate }, chain: certificates });
    this.#mount('tsa', '/', tsa);
    const url = instance.origin + PATHS.timestamp;
    const authorities = await this.#each('tsa', async (generation) => authorityOf(url, generation, await this.#chain('tsa', generation)));
    this.#publish({ timestampAuthorities: authorities }, { tsa: url });
  }

  async openRegistry(): Promise<void> {
    const { origin } = this.#options.instance;
    this.#mount('registry', '/', await openRegistry(this.#context('registry', '')));
    this.#publish({}, { registry: new URL(origin).host });
  }

  /** One key for each role: there is one operator, and all of them are in his folder. */
  async openTuf(): Promise<void> {
    const { instance, log } = this.#options;
    const generations = await this.#each('tuf', ({ number }) => this.#tufKeys(number));
    const keys = generations.at(-1) as TufKeys;
    const otherKeys = generations.slice(0, -1).flatMap(({ root, targets, online }) => [...root, ...targets, online]);
    const tuf = await openTufRepository({ ...this.#context('tuf', PATHS.tuf), keys, otherKeys });
    this.#mount('tuf', PATHS.tuf, tuf);
    if (!tuf.isSignedWith(keys)) await tuf.rotate(keys);
    await tuf.publish(tufTargets(this.#published));
    await tuf.renew();
    const renewal = setInterval(() => void tuf.renew().catch((error: unknown) => log.error({ err: error }, 'TUF was not renewed')), RENEWAL_MS);
    renewal.unref();
    this.#letGo.push(() => clearInterval(renewal));
    this.#tuf = tuf;
    this.#publish({}, { tuf: instance.origin + PATHS.tuf });
  }

  async #tufKeys(number: number): Promise<TufKeys> {
    const make = async (prefix: KeyPrefix) => tufKeyOf(await createKey(this.#options.keys, prefix, number));
    return { root: [await make('tuf-root')], targets: [await make('tuf-targets')], online: await make('tuf-online') };
  }

  opened(): OpenedServices {
    const byName = new Map(this.#mounted.map(({ name, service }) => [name, service]));
    return {
      byName,
      mounted: this.#mounted,
      endpoints: this.#endpoints,
      published: this.#published,
      tuf: this.#tuf,
      problems: () =>
        this.#mounted.flatMap(({ name, service }) => {
          const problem = service.problem?.();
          return problem === undefined ? [] : [`${name}: ${problem}`];
        }),
      close: () => this.close(),
    };
  }

  /** The last that was opened first: the CA lets go of the CT log before that is closed. */
  async close(): Promise<void> {
    for (const { service } of this.#mounted.splice(0).reverse()) await service.close();
    for (const letGo of this.#letGo.splice(0)) letGo();
  }

  #context(folder: string, path: string): ServiceContext {
    const { disk, clock, log, instance } = this.#options;
    return { disk: disk.at(folder), clock, baseUrl: instance.origin + path, log: log.child({ service: folder }) };
  }

  #mount(name: ServiceName, path: string, service: Service): void {
    this.#mounted.push({ name, path, service });
  }

  #publish(published: Partial<Published>, endpoints: Partial<Endpoints>): void {
    this.#published = { ...this.#published, ...published };
    this.#endpoints = { ...this.#endpoints, ...endpoints };
  }

  /** One after the other: their files are made in the order of their numbers. */
  async #each<T>(kind: GenerationKind, open: (generation: Generation) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    for (const generation of this.#options.instance.generations[kind]) results.push(await open(generation));
    return results;
  }

  async #chain(kind: 'ca' | 'tsa', { number, start }: Generation): Promise<readonly Uint8Array[]> {
    const place = { disk: this.#options.disk.at(kind), keys: this.#options.keys, number };
    return (kind === 'ca' ? await certificateAuthority(place, start) : await timestampAuthority(place, start)).certificates;
  }
}

function authorityOf(url: string, { start, end }: Generation, chain: readonly Uint8Array[]): PublishedAuthority {
  return { url, start, chain, ...(end !== undefined && { end }) };
}

/** Clients hear of a new shard when TUF's timestamp has expired for them at the latest; until then the old one serves them. */
const OLD_CONFIGURATIONS_MS = 7 * 86_400_000;
/** Far more often than anything there expires, so that a few failures do not matter. */
const RENEWAL_MS = 3_600_000;
