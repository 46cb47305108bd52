/** Our own CT log over a socket stands for the one elsewhere. */
import { generateKey, issuePrecertificate, leafFields } from '@assay/make';
import { createInstance } from '@assay/testkit';
import { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { openCtLog } from './ctlog/index.ts';
import { listen } from './http/server.ts';
import { openRemoteCtLog, readSct } from './remote-ct-log.ts';
import { openDisk } from './store/disk.ts';

const letGo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of letGo.splice(0)) await step();
});

async function served(fetch: (request: Request) => Response | Promise<Response>): Promise<string> {
  const listening = await listen({ host: '127.0.0.1', port: 0 });
  letGo.push(() => listening.close(0));
  listening.serve(fetch);
  return `http://127.0.0.1:${listening.port}/log/`;
}

const instance = createInstance();

async function ownLog() {
  const roots = instance.ca.map(({ certificate }) => certificate).slice(-1);
  const context = { disk: openDisk(temporaryFolder()), clock: () => instance.now, log: pino({ level: 'silent' }) };
  const log = await openCtLog({ ...context, baseUrl: 'http://127.0.0.1/log', key: instance.ctLog.key, roots });
  letGo.push(() => log.close());
  const app = new Hono().route('/log', log.app);
  return { log, url: await served((request) => app.fetch(request)) };
}

function chainFor(name: string): Uint8Array[] {
  const { issuer, now, ca } = instance;
  const options = { spki: generateKey('p256').spki, san: { type: 'email', value: `${name}@testkit.example` }, notBefore: now } as const;
  const fields = leafFields(issuer, { ...options, fulcio: { issuer: 'https://accounts.testkit.example', tokenSubject: name } });
  return [issuePrecertificate(fields, issuer), ...ca.map(({ certificate }) => certificate)];
}

function remote(url: string) {
  const log = openRemoteCtLog(url);
  letGo.push(() => log.close());
  return log;
}

describe('a CT log elsewhere', () => {
  test('gives the SCT that it would give to those beside it', async () => {
    const { log, url } = await ownLog();
    const chain = chainFor('one');
    const sct = await remote(url).addPrecertificate(chain);
    // ECDSA signatures differ from one to the next; all else is that of the entry.
    const { signature, ...fields } = await log.addPrecertificate(chain);
    expect(sct).toMatchObject({ ...fields, signature: expect.any(Uint8Array) });
    expect(signature.length).toBeGreaterThan(0);
  });

  test('that refuses is an error, with its status', async () => {
    const { url } = await ownLog();
    await expect(remote(url).addPrecertificate([chainFor('two')[0] ?? new Uint8Array(0), new Uint8Array(3)])).rejects.toThrow(/answered 400/);
  });

  test('that is down is an error', async () => {
    await expect(remote('http://127.0.0.1:9').addPrecertificate(chainFor('three'))).rejects.toThrow();
  });

  test.each([
    ['no JSON', 'x'],
    ['no signature', '{"sct_version":0,"id":"AAAA","timestamp":1,"extensions":""}'],
    [
      'a signature that is cut off',
      `{"sct_version":0,"id":"AAAA","timestamp":1,"extensions":"","signature":"${Buffer.from([4, 3, 0, 9, 1]).toString('base64')}"}`,
    ],
    ['no bytes of a signature', `{"sct_version":0,"id":"AAAA","timestamp":1,"extensions":"","signature":"${Buffer.from([4, 3, 0, 0]).toString('base64')}"}`],
  ])('that answers %s is not believed', async (_, body) => {
    const url = await served(() => new Response(body));
    await expect(remote(url).addPrecertificate(chainFor('four'))).rejects.toMatchObject({ code: 'SCT_PARSE' });
    expect(() => readSct(Buffer.from(body))).toThrow(expect.objectContaining({ code: 'SCT_PARSE' }));
  });
});
