/** What an outage leaves behind: it says what is missing, holds no key, and is completed or refused, never half. */
import { exactly, failures, parseBundle, utf8, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance, type Handler, type Instance, PERSON, rekorV1Stub, rekorV2Stub, rekorV2Tiles, statementAbout, timestampStub } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { ARTIFACT, type Handlers, keylessWorld, MESSAGE } from '../../test/keyless.ts';
import { bundleOfSealed, type Signable } from '../seal.ts';
import { type LogService, type PartlyRecorded, recordSigning } from '../services/record.ts';
import { encodePending, finishPending, type PendingSigning, parsePending } from './pending.ts';
import { sealKeyless } from './seal-keyless.ts';

const DSSE: Signable = { kind: 'dsse', payload: statementAbout(ARTIFACT.bytes ?? new Uint8Array(0)) };
const DOWN: Handler = async () => Response.json({ message: 'out of order' }, { status: 500, headers: { 'Retry-After': '0' } });

/** A service that is down until it is switched on. */
function switched(handler: Handler): { handler: Handler; on: () => void } {
  let isOn = false;
  return {
    handler: (request) => (isOn ? handler(request) : DOWN(request)),
    on: () => {
      isOn = true;
    },
  };
}

type Wanted = 'v1' | 'v2' | 'tsa';

/** Signs while services are down, and keeps what there is. */
async function interrupted(wanted: readonly Wanted[], handlers: (instance: Instance) => Handlers, signable: Signable = MESSAGE) {
  const instance = createInstance();
  const world = await keylessWorld(instance, handlers(instance));
  const logs = wanted.flatMap((name): LogService[] => (name === 'tsa' ? [] : [{ url: world.urls[name], majorApiVersion: name === 'v1' ? 1 : 2 }]));
  const timestampAuthorities = wanted.includes('tsa') ? [{ url: world.urls.tsa }] : [];
  const sha256 = await ARTIFACT.digest('sha256', nodeCrypto);
  let kept: PendingSigning | undefined;
  const found = await refusal(async () =>
    sealKeyless(signable, {
      keyless: await world.signer(),
      artifact: ARTIFACT,
      trustedRoot: world.trustedRoot,
      now: world.now,
      record: (certified) => (signing) => {
        const onIncomplete = (partly: PartlyRecorded): void => {
          const { leaf, detachedSct } = certified;
          kept = {
            content: signing.content,
            certificate: leaf.der,
            detachedSct,
            artifact: sha256 && { sha256 },
            logs,
            timestampAuthorities,
            partly,
            context: { of: 'ours' },
          };
        };
        return recordSigning(signing, { logs, timestampAuthorities, http: world.http, onIncomplete });
      },
    }),
  );
  if (kept === undefined) throw new Error(`nothing was kept: ${found.code} ${found.message}`);
  const text = encodePending(kept);
  const pending = parsePending(utf8(text));
  const finish = (minutes = 0, from: PendingSigning = pending) =>
    finishPending(from, { http: world.http, trustedRoot: world.trustedRoot, now: new Date(instance.now.getTime() + minutes * 60_000) });
  return { world, found, text, pending, finish };
}

describe('is completed when the service is there again:', () => {
  test.each<[string, Wanted[], Wanted, Wanted[], Signable]>([
    ['a log', ['v1'], 'v1', ['v1'], MESSAGE],
    ['a log, and the timestamp is had already', ['tsa', 'v2'], 'v2', ['v2'], MESSAGE],
    ['an authority, and then the log', ['tsa', 'v1'], 'tsa', ['tsa', 'v1'], MESSAGE],
    ['one log of two', ['tsa', 'v1', 'v2'], 'v2', ['v2'], DSSE],
    ['a log for an envelope', ['v1'], 'v1', ['v1'], DSSE],
  ])('%s', async (_, wanted, broken, left, signable) => {
    const services = { on: (): void => undefined };
    const { world, found, pending, finish } = await interrupted(
      wanted,
      (instance) => {
        const stubs = { v1: rekorV1Stub(instance), v2: rekorV2Tiles(instance, rekorV2Stub(instance)), tsa: timestampStub(instance) };
        const down = switched(stubs[broken]);
        services.on = down.on;
        return { [broken]: down.handler };
      },
      signable,
    );
    expect(found).toMatchObject({ code: 'SIGNING_INCOMPLETE', message: expect.stringContaining('out of order') });
    expect(pending.context).toEqual({ of: 'ours' });
    services.on();
    world.asked.length = 0;
    const { sealed, verification } = await finish();
    expect(verification.ok).toBe(true);
    expect(world.asked.toSorted()).toEqual(left.toSorted());
    const judged = await verify(parseBundle(utf8(await bundleOfSealed(sealed))), ARTIFACT, {
      signer: { identities: [{ san: exactly(PERSON.email), issuer: exactly(PERSON.iss) }] },
      trustedRoot: world.trustedRoot,
      crypto: nodeCrypto,
      now: world.instance.now,
    });
    expect(failures(judged.root)).toEqual([]);
  });

  test('one that had recorded it all along, and whose answer was lost', async () => {
    for (const version of ['v1', 'v2'] as const) {
      const { world, finish } = await interrupted(version === 'v1' ? ['v1'] : ['tsa', 'v2'], (instance) => {
        const log = version === 'v1' ? rekorV1Stub(instance) : rekorV2Tiles(instance, rekorV2Stub(instance));
        let uploads = 0;
        return {
          [version]: async (request: Request) => {
            const isUpload = request.method === 'POST';
            if (isUpload) uploads++;
            const answer = await log(request);
            return isUpload && uploads <= 3 ? DOWN(request) : answer;
          },
        };
      });
      const { verification } = await finish();
      expect(verification.ok).toBe(true);
      expect(world.asked.at(-1)).toBe(version);
    }
  });
});

describe('what is kept', () => {
  test('holds no key, no token and no secret of the services', async () => {
    const { text, world } = await interrupted(['v1'], () => ({ v1: DOWN }));
    expect(text).not.toMatch(/PRIVATE|pkcs8|"d"/i);
    expect(text).not.toContain(world.token().raw);
  });

  test('grows by what was had on the way, when services fail once more', async () => {
    const authority = { on: (): void => undefined };
    const { world, pending } = await interrupted(['tsa', 'v2'], (instance) => {
      const down = switched(timestampStub(instance));
      authority.on = down.on;
      return { tsa: down.handler, v2: DOWN };
    });
    expect(pending.partly.timestamps.size).toBe(0);
    authority.on();
    let partly: PartlyRecorded | undefined;
    const options = { http: world.http, trustedRoot: world.trustedRoot, now: world.instance.now };
    await refusal(() =>
      finishPending(pending, {
        ...options,
        onIncomplete: (there) => {
          partly = there;
        },
      }),
    );
    expect(partly?.timestamps.size).toBe(1);
    const again = parsePending(utf8(encodePending({ ...pending, partly: partly as PartlyRecorded })));
    expect([...again.partly.timestamps.keys()]).toEqual([world.urls.tsa]);
  });

  test('is what it was, read back', async () => {
    const { text, pending } = await interrupted(['tsa', 'v1'], () => ({ v1: DOWN }), DSSE);
    expect(encodePending(pending)).toBe(text);
  });
});

describe('too late, and said so instead of made unverifiable:', () => {
  test.each<[string, Wanted[], Wanted]>([
    ['a log that states a time', ['v1'], 'v1'],
    ['a log that states a time, beside a timestamp', ['tsa', 'v1'], 'v1'],
    ['an authority', ['tsa', 'v2'], 'tsa'],
  ])('%s', async (_, wanted, broken) => {
    const { world, finish } = await interrupted(wanted, () => ({ [broken]: DOWN }));
    world.asked.length = 0;
    const found = await refusal(() => finish(11));
    expect(found).toMatchObject({ code: 'PENDING_EXPIRED', message: expect.stringContaining('the certificate ended at 2026-08-25T00:10:00.000Z') });
    expect(found.hint).toContain('sign again');
    expect(world.asked).toEqual([]);
  });

  test('but not for a log that states none, once the time is proven', async () => {
    const services = { on: (): void => undefined };
    const { finish } = await interrupted(['tsa', 'v2'], (instance) => {
      const down = switched(rekorV2Tiles(instance, rekorV2Stub(instance)));
      services.on = down.on;
      return { v2: down.handler };
    });
    services.on();
    expect((await finish(24 * 60)).verification.ok).toBe(true);
  });
});

test('what does not verify when it is complete is not handed out as if it did', async () => {
  const { world, pending } = await interrupted(['v1'], (instance) => {
    let uploads = 0;
    const log = rekorV1Stub(instance, { fault: 'wrong-set' });
    return { v1: (request) => (uploads++ < 3 ? DOWN(request) : log(request)) };
  });
  const { verification } = await finishPending(pending, { http: world.http, trustedRoot: world.trustedRoot, now: world.instance.now });
  expect(verification.ok).toBe(false);
});

describe('not such a file:', () => {
  type Edit = (state: { bundle: object; [name: string]: unknown }) => void;
  test.each<[string, Edit]>([
    ['another media type', (state) => Object.assign(state, { mediaType: 'application/vnd.assay.pending-signing.v2+json' })],
    ['no bundle', (state) => Object.assign(state, { bundle: undefined })],
    ['a bundle of a key', (state) => Object.assign(state.bundle, { verificationMaterial: { publicKey: { hint: 'x' } } })],
    ['a certificate that is none', (state) => Object.assign(state.bundle, { verificationMaterial: { certificate: { rawBytes: 'AAAA' } } })],
    ['a digest that is too short', (state) => Object.assign(state, { artifact: { sha256: 'abcd' } })],
    ['a digest of nothing', (state) => Object.assign(state, { artifact: {} })],
    ['an entry that no log is said to have made', (state) => Object.assign(state, { timestampAuthorities: [] })],
    ['an authority that is said to have answered', (state) => Object.assign(state, { logs: [{ url: 'http://x', majorApiVersion: 1, recorded: true }] })],
    ['no context', (state) => Object.assign(state, { context: undefined })],
  ])('%s', async (_, edit) => {
    const { text } = await interrupted(['tsa', 'v1'], () => ({ v1: DOWN }));
    const state = JSON.parse(text);
    edit(state);
    expect(await refusal(() => parsePending(utf8(JSON.stringify(state))))).toMatchObject({ code: 'PENDING_PARSE' });
  });

  test('no JSON at all', async () => {
    expect(await refusal(() => parsePending(utf8('hello')))).toMatchObject({ code: 'PENDING_PARSE' });
  });
});
