/** Makes the Rekor v2 log of a stopped stack longer, through the store's own append: as if all of it had been signed and uploaded. */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@assay/core';
import { encodeEntryBody, hashedrekord002, leafHash } from '@assay/make';
import { createLog } from '@assay/stack';
import { openTileLog, rekorEntryFormat, type TileLog } from '../packages/stack/src/log/index.ts';
import { checkpointsOf } from '../packages/stack/src/rekor/log-key.ts';
import { openSearchIndex } from '../packages/stack/src/rekor/search-index.ts';
import { searchKeys, searchKeysOfBody } from '../packages/stack/src/rekor/search-keys.ts';
import { certificateSigner } from '../packages/stack/src/rekor/signer.ts';
import { openDisk } from '../packages/stack/src/store/disk.ts';
import { signingKeyOf } from '../packages/stack/src/store/keys.ts';
import { makeSigners } from './stack-requests.ts';

/** @param folder of a stack that was started once and does not run */
export async function fillLog(folder: string, size: number): Promise<void> {
  const { origin } = JSON.parse(readFileSync(join(folder, 'stack.json'), 'utf8')) as { origin: string };
  const { hostname } = new URL(origin);
  const key = signingKeyOf(createPrivateKey(readFileSync(join(folder, 'keys/rekor-v2-1.pem'))));
  const disk = openDisk(join(folder, 'rekor/v2/1'));
  const log = await openTileLog({ disk, format: rekorEntryFormat, unique: true, ...checkpointsOf({ origin: hostname, name: hostname, key }) });
  const entries = { size: () => log.head.size, read: (start: number, end: number) => log.entries(start, end), keys: searchKeysOfBody };
  const index = await openSearchIndex({ disk, log: createLog('error', (line) => process.stderr.write(line)), entries });
  const newEntry = entryMaker();
  const appendOne = async (): Promise<void> => {
    const { body, keys } = newEntry();
    index.add(await append(log, body), keys);
  };
  while (log.head.size < size) await Promise.all(Array.from({ length: Math.min(BATCH, size - log.head.size) }, appendOne));
  await log.close();
  await index.close();
}

async function append(log: TileLog, body: Uint8Array): Promise<number> {
  const { index } = await log.append({ leafHash: leafHash(body), data: body });
  return index;
}

/** As a keyless signing leaves them; nobody looks at the signature of what is on record. */
function entryMaker(): () => { body: Uint8Array; keys: string[] } {
  const signers = makeSigners().map(({ certificate, key }) => ({ certificate, keyDetails: key.keyDetails, signer: certificateSigner(certificate) }));
  let made = 0;
  return () => {
    const { certificate, keyDetails, signer } = signers[made++ % signers.length] as (typeof signers)[number];
    const digest = randomBytes(32);
    const entry = hashedrekord002({ signature: randomBytes(71), hash: 'sha256', digest, verifier: { type: 'certificate', certificate, keyDetails } });
    return { body: encodeEntryBody(entry), keys: searchKeys({ signers: [signer], recorded: 'message', digests: [`sha256:${toHex(digest)}`] }) };
  };
}

const BATCH = 4000;
