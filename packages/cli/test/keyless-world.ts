/** Everything that signing without a key needs, on sockets of this machine: an authority, logs, a timestamp authority, a registry; tokens and files that name them. */
import {
  createInstance,
  type FulcioStubOptions,
  fulcioStub,
  type Handler,
  type Instance,
  PERSON,
  personToken,
  putImage,
  rekorV1Stub,
  rekorV2Stub,
  rekorV2Tiles,
  type Server,
  serve,
  serveRegistry,
  type TestRegistry,
  timestampStub,
} from '@assay/testkit';
import type { Scratch } from './run-cli.ts';

export interface KeylessWorld {
  readonly instance: Instance;
  readonly registry: TestRegistry;
  readonly urls: Readonly<Record<'ca' | 'v1' | 'v2' | 'tsa', string>>;
  /** Files: the trusted root, the token of `PERSON`. */
  readonly root: string;
  readonly token: string;
  /** A handler in place of a service, until it is given back. */
  replace(service: ServiceName, handler: Handler | undefined): void;
  /** Who was asked, in order. */
  readonly asked: ServiceName[];
  /** A file with a signing configuration over these services. */
  config(...services: readonly Exclude<ServiceName, 'ca'>[]): string;
  /** One with a trusted root beside it. */
  trustConfig(...services: readonly Exclude<ServiceName, 'ca'>[]): string;
  /** A new image by digest. */
  image(): string;
  /** What was written for it, uploads and manifests. */
  pushedFor(reference: string): string[];
  close(): Promise<void>;
}

export type ServiceName = 'ca' | 'v1' | 'v2' | 'tsa';

export async function openKeylessWorld(scratch: Scratch, now?: Date, fulcio: FulcioStubOptions = {}): Promise<KeylessWorld> {
  const instance = createInstance(now === undefined ? {} : { now });
  const asked: ServiceName[] = [];
  const replaced = new Map<ServiceName, Handler>();
  const handlers: Record<ServiceName, Handler> = {
    ca: fulcioStub(instance, fulcio),
    v1: rekorV1Stub(instance),
    v2: rekorV2Tiles(instance, rekorV2Stub(instance)),
    tsa: timestampStub(instance),
  };
  const names = Object.keys(handlers) as ServiceName[];
  const servers: Server[] = await Promise.all(
    names.map((name) =>
      serve((request) => {
        asked.push(name);
        return (replaced.get(name) ?? handlers[name])(request);
      }),
    ),
  );
  const [ca, v1, v2, tsa] = servers.map(({ url }) => url) as [string, string, string, string];
  const urls = { ca, v1, v2, tsa: `${tsa}/api/v1/timestamp` };
  const registry = await serveRegistry();
  const configJson = (services: readonly Exclude<ServiceName, 'ca'>[]): object => {
    const start = new Date(instance.now.getTime() - 1e9).toISOString();
    const service = (url: string, majorApiVersion: number) => ({ url, majorApiVersion, operator: url, validFor: { start } });
    const logs = services.flatMap((name) => (name === 'tsa' ? [] : [service(urls[name], name === 'v1' ? 1 : 2)]));
    return {
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [service(ca, 1)],
      oidcUrls: [service('http://127.0.0.1:9', 1)],
      ...(logs.length > 0 && { rekorTlogUrls: logs, rekorTlogConfig: { selector: 'ANY' } }),
      ...(services.includes('tsa') && { tsaUrls: [service(urls.tsa, 1)], tsaConfig: { selector: 'ANY' } }),
    };
  };
  let images = 0;
  return {
    instance,
    registry,
    urls,
    asked,
    root: scratch.write('root.json', instance.trustedRoot()),
    token: scratch.write('token', personToken({}, { now: instance.now })),
    replace(service, handler) {
      if (handler === undefined) replaced.delete(service);
      else replaced.set(service, handler);
    },
    config: (...services) => scratch.write(`config-${services.join('-')}.json`, configJson(services)),
    trustConfig: (...services) =>
      scratch.write(`trust-${services.join('-')}.json`, {
        mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
        trustedRoot: instance.trustedRoot(),
        signingConfig: configJson(services),
      }),
    image() {
      images++;
      const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', bytes: Buffer.from(`layer ${images}`) };
      const { digest } = putImage(registry.content, `app${images}`, { tag: '1', layers: [layer] });
      return `${registry.host}/app${images}@${digest}`;
    },
    pushedFor(reference) {
      const repository = `/v2/${reference.split('/')[1]?.split(/[@:]/)[0]}/`;
      return registry.requests.filter(({ method, path }) => method !== 'GET' && method !== 'HEAD' && path.startsWith(repository)).map(({ path }) => path);
    },
    async close() {
      await Promise.all([...servers.map((server) => server.close()), registry.close()]);
    },
  };
}

/** 500 for everything, at once. */
export const DOWN: Handler = async () => Response.json({ code: 500, message: 'out of order' }, { status: 500, headers: { 'Retry-After': '0' } });

export const AS_PERSON = ['--certificate-identity', PERSON.email, '--certificate-oidc-issuer', PERSON.iss];
