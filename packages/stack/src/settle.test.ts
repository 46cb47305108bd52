import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { settle, type Wanted } from './settle.ts';
import { type Disk, openDisk } from './store/disk.ts';

const NOW = new Date('2026-03-01T10:00:00Z');

async function started(disk: Disk, wanted: Wanted = {}): Promise<{ origin: string; at: string }> {
  const { instance, listening } = await settle(disk, wanted, NOW);
  await listening.close(0);
  return { origin: instance.origin, at: `${listening.host}:${listening.port}` };
}

test('a free port of loopback is chosen once, and listened on again', async () => {
  const disk = openDisk(temporaryFolder());
  const first = await started(disk);
  expect(first.origin).toBe(`http://${first.at}`);
  expect(first.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await started(disk)).toEqual(first);
});

test('an IPv6 address is one like any other', async () => {
  const disk = openDisk(temporaryFolder());
  const first = await started(disk, { listen: { host: '::1' } });
  expect(first.origin).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect(await started(disk)).toEqual(first);
});

test('a public URL is kept, with the address behind it', async () => {
  const disk = openDisk(temporaryFolder());
  const first = await started(disk, { publicUrl: 'https://sigstore.example' });
  expect(first.origin).toBe('https://sigstore.example');
  expect(await started(disk)).toEqual(first);
});

test('a taken port is refused', async () => {
  const { listening } = await settle(openDisk(temporaryFolder()), {}, NOW);
  onTestFinished(() => listening.close(0));
  await expect(started(openDisk(temporaryFolder()), { listen: { port: listening.port } })).rejects.toMatchObject({ code: 'STACK_LISTEN' });
});

test.each(['0.0.0.0', '::'])('every address (%s) is none that clients could use', async (host) => {
  await expect(started(openDisk(temporaryFolder()), { listen: { host } })).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(host) });
});

test('an instance keeps its host name, whatever its port', async () => {
  const disk = openDisk(temporaryFolder());
  await started(disk);
  expect((await started(disk, { listen: { port: 0 } })).origin).toMatch(/^http:\/\/127\.0\.0\.1:/);
  await expect(started(disk, { publicUrl: 'https://sigstore.example' })).rejects.toMatchObject({
    code: 'USAGE',
    expected: '127.0.0.1',
    found: 'sigstore.example',
  });
});
