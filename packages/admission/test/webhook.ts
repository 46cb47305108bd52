/** The whole webhook on loopback over a fake API server, and what asks it as an API server would. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TrustError } from '@assay/core';
import { createHttpClient } from '@assay/net';
import { folderStore } from '../src/certificate/store.ts';
import type { ReviewRequest } from '../src/review.ts';
import { type Admission, type AdmissionOptions, serveAdmission } from '../src/serve-admission.ts';
import { reviewBody } from './requests.ts';

export interface Webhook {
  readonly admission: Admission;
  ask(path: string, request: ReviewRequest): Promise<Reviewed>;
  post(path: string, body: Buffer | string): Promise<{ readonly status: number; readonly text: string }>;
  close(): Promise<void>;
}

export interface Reviewed {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly message: string };
  readonly warnings?: readonly string[];
  readonly patch?: string;
}

export async function openWebhook(more: Partial<AdmissionOptions> = {}): Promise<Webhook> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-webhook-'));
  const http = createHttpClient({ retries: 0 });
  const admission = await serveAdmission({
    listen: { host: '127.0.0.1', port: 0 },
    certificate: { store: folderStore(folder), names: ['127.0.0.1'] },
    http,
    keychain: { credentialsFor: async () => undefined },
    engines: { evaluate: async () => ({ message: 'there are no engines here' }) },
    loadRoot: () => Promise.reject(new TrustError('TRUST_ROOT_PARSE', 'there is no trusted root here')),
    ...more,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: admission.authorities() });
  const post: Webhook['post'] = (path, body) =>
    new Promise((resolve, reject) => {
      const asking = httpsRequest(`${admission.url}${path}`, { method: 'POST', agent }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
        answer.on('error', reject);
      });
      asking.on('error', reject);
      asking.end(body);
    });
  return {
    admission,
    post,
    async ask(path, request) {
      const { status, text } = await post(path, reviewBody(request));
      if (status !== 200) throw new Error(`${status}: ${text}`);
      return (JSON.parse(text) as { response: Reviewed }).response;
    },
    async close() {
      agent.destroy();
      await admission.close(1000);
      http.close();
      rmSync(folder, { recursive: true });
    },
  };
}
