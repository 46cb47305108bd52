/** An image that Cloud Build made, by what gcloud says of it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeUtf8, type PublicKey, parsePublicKeyPem, quote, TrustError, utf8 } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type Digest, hexOf } from '@assay/oci';
import { type GcbKeys, MAX_GCB_DOCUMENT_BYTES, verifyGcb } from '@assay/slsa';
import { CommandError } from '../cobra/failure.ts';
import { named } from '../named.ts';
import { given } from './flags.ts';
import type { Session, Told } from './session.ts';

export async function verifyCloudBuildImage(digest: Digest, session: Session): Promise<Told & { readonly payload?: Uint8Array }> {
  const { flags, io } = session;
  const path = flags.text('provenance-path');
  if (path === '') {
    throw new CommandError('invalid DSSE envelope payload: no provenance given: pass what gcloud describes of the image with --provenance-path');
  }
  const document = readFileCapped(path, MAX_GCB_DOCUMENT_BYTES);
  const source = flags.text('source-uri');
  if (source.startsWith('gs://')) io.stderr(`${UPLOADED}\n`);
  const demands = {
    digest: hexOf(digest),
    source,
    builderId: given(flags, 'builder-id'),
    branch: given(flags, 'source-branch'),
    tag: given(flags, 'source-tag'),
    versionedTag: given(flags, 'source-versioned-tag'),
  };
  const { crypto, now } = await session.trust();
  const { ok, root, keyName, statement } = await verifyGcb(document, demands, { crypto, now, keys: cloudBuildKeys(session) });
  if (ok && keyName !== undefined) io.stderr(`Verification succeeded with key ${JSON.stringify(quote(keyName))}\n`);
  return { verification: { ok, root }, ...(statement !== undefined && { payload: utf8(statement) }) };
}

/** Nobody ships them: they are files of the reference, one for each region and those for all. */
function cloudBuildKeys({ flags, io }: Session): GcbKeys {
  const folder = flags.text('gcb-keys') || io.env['ASSAY_GCB_KEYS'];
  if (!folder) {
    throw new TrustError('USAGE', 'the public keys of Cloud Build are needed, and no kept package ships them', {
      hint: 'name a folder with --gcb-keys or ASSAY_GCB_KEYS: REGION.key, global-pae-google-hosted-worker_1.key and so on, as slsa-verifier keeps them',
    });
  }
  const files = readFolder(folder).filter((name) => name.endsWith('.key'));
  return new Map(files.map((name): [string, PublicKey] => [name.slice(0, -'.key'.length), readKey(join(folder, name))]));
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new TrustError('FILE_NOT_FOUND', `${folder}: cannot be read as a folder with keys`, { cause: error });
  }
}

function readKey(path: string): PublicKey {
  return named(path, () => parsePublicKeyPem(decodeUtf8(readFileCapped(path, MAX_KEY_BYTES)) ?? ''));
}

const MAX_KEY_BYTES = 64 * 1024;
const UPLOADED =
  'The source was uploaded to a bucket: whoever may write there decides what is built, and no repository vouches for it. Build from a repository instead.';
