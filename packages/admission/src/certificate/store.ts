/** Where the serving certificate is kept: a Secret that all replicas share, or a folder for one process outside of a cluster. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBase64, decodeUtf8, encodeBase64, isJsonObject, isTrustError, type JsonObject, utf8 } from '@assay/core';
import { readFileCapped } from '@assay/net';
import { apiStatus, type KubernetesClient } from '../kubernetes/client.ts';
import type { CertificateFiles } from './generations.ts';

export interface CertificateStore {
  /** `revision` is what `write` must be told. */
  read(): Promise<{ readonly files: CertificateFiles; readonly revision: string }>;
  /** `conflict`: somebody else was faster; read again. */
  write(files: CertificateFiles, revision: string): Promise<'written' | 'conflict'>;
}

/** Errors: `ADMISSION_API`, `NET_…`. */
export function secretStore(
  client: Pick<KubernetesClient, 'get' | 'create' | 'replace'>,
  { namespace, name }: { namespace: string; name: string },
): CertificateStore {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
  let known: JsonObject | undefined;
  return {
    async read() {
      try {
        known = await client.get(`${path}/${encodeURIComponent(name)}`);
      } catch (error) {
        if (apiStatus(error) !== 404) throw error;
        known = undefined;
      }
      const metadata = isJsonObject(known?.['metadata']) ? known['metadata'] : {};
      return { files: filesOf(known), revision: String(metadata['resourceVersion'] ?? '') };
    },
    async write(files, revision) {
      const data = Object.fromEntries(Object.entries(files).map(([file, text]) => [file, encodeBase64(utf8(text))]));
      const metadata = isJsonObject(known?.['metadata']) ? known['metadata'] : { name, namespace };
      // A Secret's type cannot be changed, and the chart may have made it with another.
      const secret = { apiVersion: 'v1', kind: 'Secret', type: known?.['type'] ?? 'Opaque', metadata, data };
      try {
        if (revision === '') await client.create(path, secret);
        else await client.replace(`${path}/${encodeURIComponent(name)}`, { ...secret, metadata: { ...metadata, resourceVersion: revision } });
        return 'written';
      } catch (error) {
        if (apiStatus(error) === 409 || (revision !== '' && apiStatus(error) === 404)) return 'conflict';
        throw error;
      }
    },
  };
}

/** Errors: `FILE_…`, and what the file system says. */
export function folderStore(folder: string): CertificateStore {
  return {
    read: async () => {
      const files = Object.fromEntries(FILES.flatMap((name) => readIfThere(folder, name)));
      return { files, revision: '' };
    },
    async write(files) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      for (const name of FILES) {
        const text = files[name];
        if (text === undefined) rmSync(join(folder, name), { force: true });
        else {
          const partial = join(folder, `.${name}.${randomUUID()}`);
          writeFileSync(partial, text, { mode: 0o600 });
          renameSync(partial, join(folder, name));
        }
      }
      return 'written';
    },
  };
}

function readIfThere(folder: string, name: string): [string, string][] {
  try {
    return [[name, decodeUtf8(readFileCapped(join(folder, name), MAX_BYTES)) ?? '']];
  } catch (error) {
    if (isTrustError(error) && error.code === 'FILE_NOT_FOUND') return [];
    throw error;
  }
}

function filesOf(secret: JsonObject | undefined): CertificateFiles {
  const data = secret?.['data'];
  if (!isJsonObject(data)) return {};
  return Object.fromEntries(
    FILES.flatMap((name) => {
      const value = data[name];
      const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
      return bytes === undefined ? [] : [[name, decodeUtf8(bytes) ?? '']];
    }),
  );
}

/** In the order in which a folder gets them: what is trusted before what is served. */
const FILES = ['ca.crt', 'next.key', 'next.crt', 'tls.key', 'tls.crt'];
const MAX_BYTES = 1024 * 1024;
