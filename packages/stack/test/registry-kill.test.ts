/** kill -9 in the middle of pushes: what was acknowledged is there and whole, and nothing of the rest is in the way. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { digestOf, filesBelow, openScene, temporaryFolder } from './registry-scene.ts';

const PROCESS = fileURLToPath(new URL('registry-process.ts', import.meta.url));

async function start(folder: string): Promise<{ readonly url: string; kill(): Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, [PROCESS, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const [port] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { url: `http://127.0.0.1:${port.toString().trim()}`, kill };
}

test('in the middle of an upload leaves nothing at the next start', async () => {
  const folder = temporaryFolder();
  const { url, kill } = await start(folder);
  const { headers } = await fetch(`${url}/v2/app/blobs/uploads/`, { method: 'POST' });
  const half = request(url + headers.get('location'), { method: 'PATCH' });
  half.on('error', () => undefined);
  half.write(Buffer.alloc(1_000_000));
  await until(() => filesBelow(folder).some((path) => path.startsWith('uploads/')));
  await kill();
  expect(filesBelow(folder)).toHaveLength(1);
  await start(folder);
  expect(filesBelow(folder)).toEqual([]);
});

test('again and again under load loses nothing that was acknowledged', async () => {
  const folder = temporaryFolder();
  const tags = new Map<string, string>();
  const config = '{}';
  for (let round = 0; round < 6; round++) {
    const { url, kill } = await start(folder);
    let failure: Error | undefined;
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let i = 0; failure === undefined; i++) await push(url, `r${round}-w${writer}-${i}`);
    });
    for (const writer of writers) writer.catch((error: Error) => (failure ??= error));
    const enough = tags.size + 12;
    await until(() => tags.size >= enough || failure !== undefined);
    expect(failure).toBeUndefined();
    await kill();
    await Promise.allSettled(writers);
  }
  async function push(url: string, tag: string): Promise<void> {
    const layer = tag.repeat(5000);
    for (const content of [config, layer]) await demand(`${url}/v2/app/blobs/uploads/?digest=${digestOf(content)}`, 'POST', content);
    const [configPart, layerPart] = [config, layer].map((content) => ({ mediaType: 'application/x', digest: digestOf(content), size: content.length }));
    const manifest = JSON.stringify({ schemaVersion: 2, config: configPart, layers: [layerPart] });
    await demand(`${url}/v2/app/manifests/${tag}`, 'PUT', manifest);
    tags.set(tag, digestOf(manifest));
  }
  async function demand(url: string, method: string, body: string): Promise<void> {
    const { status } = await fetch(url, { method, body, headers: { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' } });
    if (status !== 201) throw new Error(`${method} ${url}: ${status}`);
  }

  const scene = await openScene({ folder });
  for (const [tag, digest] of tags) {
    const manifest = await scene.at(`/v2/app/manifests/${tag}`);
    expect(digestOf(manifest.body), tag).toBe(digest);
    const { layers } = JSON.parse(manifest.text) as { layers: { digest: string }[] };
    for (const layer of layers) expect(digestOf((await scene.at(`/v2/app/blobs/${layer.digest}`)).body)).toBe(layer.digest);
  }
  for (const tag of (JSON.parse((await scene.at('/v2/app/tags/list')).text) as { tags: string[] }).tags) {
    expect(await scene.at(`/v2/app/manifests/${tag}`)).toMatchObject({ status: 200 });
  }
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
