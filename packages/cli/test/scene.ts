/** Where transcripts play: a folder with every kind of evidence as the working folder, and a server with redirects and a transparency log. */
import { readFileSync } from 'node:fs';
import { rekorV1Stub, type Server, serve } from '@assay/testkit';
import { afterAll } from 'vitest';
import { type BlobFiles, hexDigestOf, writeBlobFiles } from './blob-files.ts';
import { COSIGN_SIGNER, NATIVE_SIGNER } from './material.ts';
import { writeOddBundles } from './odd-bundles.ts';
import { Scratch } from './run-cli.ts';
import { type TufMirrors, writeTufFiles } from './tuf-files.ts';

export interface Scene {
  readonly scratch: Scratch;
  readonly files: BlobFiles;
  readonly url: string;
  readonly values: Readonly<Record<string, string | readonly string[]>>;
  /** Hex digits that mean something, and stay in transcripts. */
  readonly knownHex: readonly string[];
}

export async function openScene(): Promise<Scene> {
  const scratch = new Scratch();
  const files = writeBlobFiles(scratch);
  writeOddBundles(scratch, files.instance);
  const server = await serveFiles(scratch, files, writeTufFiles(scratch, files.instance));
  const before = process.cwd();
  process.chdir(scratch.folder);
  afterAll(async () => {
    process.chdir(before);
    await server.close();
  });
  const hex = hexDigestOf('sha256');
  return {
    scratch,
    files,
    url: server.url,
    values: {
      SIGNER: COSIGN_SIGNER,
      ASSAYSIGNER: NATIVE_SIGNER,
      SIGNATURE: files.literals.signature,
      KEYSIGNATURE: files.literals.keySignature,
      DIGEST: files.digest,
      HEX: hex,
      URL: server.url,
      FOLDER: scratch.folder,
    },
    knownHex: [hex, hexDigestOf('sha256', Buffer.from('something else\n'))],
  };
}

/** `/f/NAME` is a file, `/r/NAME` leads there through two redirects, `/tuf…/` are TUF mirrors, the rest is the log. */
function serveFiles(scratch: Scratch, { instance }: BlobFiles, { files }: TufMirrors): Promise<Server> {
  const log = rekorV1Stub(instance);
  return serve(async (request) => {
    const { pathname } = new URL(request.url);
    const [, kind = '', name = '', ...rest] = pathname.split('/');
    const mirrored = files(kind, [name, ...rest].join('/'));
    if (mirrored !== undefined) return new Response(mirrored.slice());
    if (kind === 'api') return log(request);
    if (kind === 'r') return new Response(null, { status: 302, headers: { Location: `/s/${name}` } });
    if (kind === 's') return new Response(null, { status: 307, headers: { Location: `../f/${name}` } });
    if (kind === 'f') return new Response(readFileSync(scratch.path(name)));
    return new Response('not here', { status: 404 });
  });
}
