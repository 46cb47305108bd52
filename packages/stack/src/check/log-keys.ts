/** Which key a log has: the one that clients are told, and only without one the one in its file. */
import type { LogInstance } from '@assay/core';
import type { LogPlace } from '../log-places.ts';
import { signingKeyOf } from '../store/keys.ts';
import type { Scene } from './scene.ts';

/** SubjectPublicKeyInfo; undefined when neither can be read. */
export function logKeyOf(scene: Pick<Scene, 'trusted' | 'keys'>, place: LogPlace): Uint8Array<ArrayBuffer> | undefined {
  const published = publishedLog(scene.trusted, place);
  if (published !== undefined) return new Uint8Array(published.key.spki);
  const own = scene.keys.get(place.keyName);
  return own && signingKeyOf(own).spki;
}

/** The shards of Rekor v1 have one URL; they are published in their order. */
export function publishedLog(trusted: Scene['trusted'], { kind, url, generation }: LogPlace): LogInstance | undefined {
  const logs = (kind === 'ctlog' ? trusted?.ctLogs : trusted?.logs)?.filter(({ baseUrl }) => baseUrl === url) ?? [];
  return logs[kind === 'rekorV1' ? generation.number - 1 : 0];
}
