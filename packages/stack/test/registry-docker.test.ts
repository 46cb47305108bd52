/**
 * `docker tag …; docker push …` (issue row 18) as docker's daemon sends it, byte by byte over a socket: no Content-Range, no length, an empty PUT at
 * the end, manifests of its own types. What it prints in the end is the digest that the registry answers.
 */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { DOCKER_MANIFEST, digestOf, filesBelow, openScene, serveApp } from './registry-scene.ts';

interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One request on a connection of its own, exactly as written. */
function send(host: string, head: readonly string[], body: Uint8Array | string = ''): Promise<RawAnswer> {
  const [name = '', port = ''] = host.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), name, () => {
      socket.write(`${[head[0], `Host: ${host}`, 'User-Agent: docker/27.3.1 go/go1.22.7', 'Connection: close', ...head.slice(1)].join('\r\n')}\r\n\r\n`);
      socket.write(body);
    });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString('latin1'))));
  });
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) };
}

/** Transfer-Encoding: chunked, in pieces of 1000 bytes. */
function chunked(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 1000) {
    const piece = bytes.subarray(at, at + 1000);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

async function open() {
  const scene = await openScene();
  const { host, close } = await serveApp(scene.registry.app);
  onTestFinished(close);
  return { ...scene, host };
}

test('docker push: every layer, the config, the manifest, and the digest that is printed', async () => {
  const { host } = await open();
  const version = await send(host, ['GET /v2/ HTTP/1.1']);
  expect(version).toMatchObject({ status: 200, headers: { 'docker-distribution-api-version': 'registry/2.0' } });

  const layer = gzipSync(Buffer.alloc(100_000, 'layer'));
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(Buffer.alloc(100_000, 'layer'))] } }),
  );
  for (const bytes of [layer, config]) {
    const digest = digestOf(bytes);
    expect(await send(host, [`HEAD /v2/knabben/netshoot/blobs/${digest} HTTP/1.1`])).toMatchObject({ status: 404, body: '' });
    const begun = await send(host, ['POST /v2/knabben/netshoot/blobs/uploads/ HTTP/1.1', 'Content-Length: 0']);
    expect(begun).toMatchObject({ status: 202, headers: { range: '0-0', 'docker-upload-uuid': expect.stringMatching(/^[0-9a-f-]{36}$/) } });
    const patched = await send(host, [`PATCH ${begun.headers['location']} HTTP/1.1`, 'Transfer-Encoding: chunked'], chunked(bytes));
    expect(patched).toMatchObject({ status: 202, headers: { range: `0-${bytes.length - 1}` } });
    const put = [
      `PUT ${patched.headers['location']}?digest=${encodeURIComponent(digest)} HTTP/1.1`,
      'Content-Length: 0',
      'Content-Type: application/octet-stream',
    ];
    expect(await send(host, put)).toMatchObject({ status: 201, headers: { 'docker-content-digest': digest } });
    expect(await send(host, [`HEAD /v2/knabben/netshoot/blobs/${digest} HTTP/1.1`])).toMatchObject({
      status: 200,
      headers: { 'content-length': String(bytes.length), 'docker-content-digest': digest },
      body: '',
    });
  }

  const manifest = JSON.stringify(
    {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: { mediaType: 'application/vnd.docker.container.image.v1+json', size: config.length, digest: digestOf(config) },
      layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', size: layer.length, digest: digestOf(layer) }],
    },
    undefined,
    3,
  );
  const head = ['PUT /v2/knabben/netshoot/manifests/latest HTTP/1.1', `Content-Type: ${DOCKER_MANIFEST}`, `Content-Length: ${manifest.length}`];
  expect(await send(host, head, manifest)).toMatchObject({ status: 201, headers: { 'docker-content-digest': digestOf(manifest) }, body: '' });

  const accept = `Accept: ${DOCKER_MANIFEST}, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json`;
  expect(await send(host, ['HEAD /v2/knabben/netshoot/manifests/latest HTTP/1.1', accept])).toMatchObject({
    status: 200,
    headers: { 'content-type': DOCKER_MANIFEST, 'docker-content-digest': digestOf(manifest), 'content-length': String(manifest.length) },
    body: '',
  });
});

test('docker push of the same image again sends no content, and to another name mounts it', async () => {
  const { host, at } = await open();
  const digest = digestOf('layer');
  expect(await at(`/v2/library/a/blobs/uploads/?digest=${digest}`, { method: 'POST', body: 'layer' })).toMatchObject({ status: 201 });
  expect(await send(host, [`HEAD /v2/library/a/blobs/${digest} HTTP/1.1`])).toMatchObject({ status: 200 });
  const mount = `POST /v2/library/b/blobs/uploads/?from=library%2Fa&mount=${encodeURIComponent(digest)} HTTP/1.1`;
  expect(await send(host, [mount, 'Content-Length: 0'])).toMatchObject({ status: 201, headers: { location: `/v2/library/b/blobs/${digest}` } });
});

test('a connection that ends in the middle of a body stores nothing, and the registry goes on', async () => {
  const { host, folder, at } = await open();
  const digest = digestOf(Buffer.alloc(1000));
  const head = [`POST /v2/app/blobs/uploads/?digest=${digest} HTTP/1.1`, 'Content-Length: 1000'];
  const [name = '', port = ''] = host.split(':');
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), name, () => {
      socket.write(`${head[0]}\r\nHost: ${host}\r\n${head[1]}\r\n\r\n`);
      socket.write(Buffer.alloc(400), () => setTimeout(() => socket.destroy(), 50));
    });
    socket.on('close', () => resolve());
  });
  expect(await at(`/v2/app/blobs/${digest}`)).toMatchObject({ status: 404 });
  for (let left = filesBelow(folder); left.length > 0; left = filesBelow(folder)) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await send(host, head, Buffer.alloc(1000))).toMatchObject({ status: 201 });
});
