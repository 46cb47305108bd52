/** Signing without a key against services in memory: everything on sockets, with a note of who was asked. */
import { Artifact, parseTrustedRoot, utf8 } from '@assay/core';
import { createHttpClient } from '@assay/net';
import {
  type FulcioStubOptions,
  fulcioStub,
  type Handler,
  type Instance,
  personToken,
  rekorV1Stub,
  rekorV2Stub,
  rekorV2Tiles,
  serve,
  timestampStub,
} from '@assay/testkit';
import { onTestFinished } from 'vitest';
import { type IdentityToken, parseIdentityToken } from '../src/identity/index.ts';
import { type KeylessOptions, type KeylessSigner, keylessSigner } from '../src/keyless/keyless-signer.ts';
import type { Record, Signable } from '../src/seal.ts';
import { type LogService, recordSigning } from '../src/services/record.ts';

export const ARTIFACT = Artifact.fromBytes(utf8('the artifact'));

export interface Handlers {
  readonly fulcio?: Handler | FulcioStubOptions;
  readonly v1?: Handler;
  readonly v2?: Handler;
  readonly tsa?: Handler;
}

/** The services of an instance. `asked` names them in the order of requests. */
export async function keylessWorld(instance: Instance, handlers: Handlers = {}) {
  const asked: string[] = [];
  const noting = (name: string, handler: Handler) =>
    serve((request) => {
      asked.push(name);
      return handler(request);
    });
  const fulcio = typeof handlers.fulcio === 'function' ? handlers.fulcio : fulcioStub(instance, handlers.fulcio);
  const servers = await Promise.all([
    noting('fulcio', fulcio),
    noting('v1', handlers.v1 ?? rekorV1Stub(instance)),
    noting('v2', handlers.v2 ?? rekorV2Tiles(instance, rekorV2Stub(instance))),
    noting('tsa', handlers.tsa ?? timestampStub(instance)),
  ]);
  const http = createHttpClient({ sleep: async () => undefined });
  onTestFinished(async () => {
    http.close();
    await Promise.all(servers.map((server) => server.close()));
  });
  const [ca, v1, v2, tsa] = servers.map(({ url }) => url) as [string, string, string, string];
  return {
    instance,
    asked,
    http,
    urls: { ca, v1, v2, tsa: `${tsa}/api/v1/timestamp` },
    trustedRoot: parseTrustedRoot(utf8(JSON.stringify(instance.trustedRoot()))),
    now: () => instance.now,
    token: (claims: object = {}): IdentityToken => parseIdentityToken(personToken(claims, { now: instance.now }), { now: instance.now }),
    signer(options: Partial<KeylessOptions> = {}): Promise<KeylessSigner> {
      return keylessSigner({ authority: { url: ca, http }, token: async () => this.token(), now: this.now, ...options });
    },
    recorder(names: readonly ('v1' | 'v2' | 'tsa')[]): Record {
      const logs = names.flatMap((name): LogService[] => (name === 'tsa' ? [] : [{ url: this.urls[name], majorApiVersion: name === 'v1' ? 1 : 2 }]));
      const timestampAuthorities = names.includes('tsa') ? [{ url: this.urls.tsa }] : [];
      return (signing) => recordSigning(signing, { logs, timestampAuthorities, http });
    },
  };
}

export const MESSAGE: Signable = {
  kind: 'message',
  bytes: ARTIFACT.bytes,
  digest: async (hash) => new Uint8Array(await crypto.subtle.digest(`SHA-${hash.slice(3)}`, Uint8Array.from(ARTIFACT.bytes ?? []))),
};
