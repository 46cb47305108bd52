/** Chains that are kept, and what happens when their keys are not. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary-folder.ts';
import { certificateAuthority, timestampAuthority } from './authorities.ts';
import { openDisk } from './store/disk.ts';
import { openKeys } from './store/keys.ts';

const NOW = new Date('2026-03-01T10:00:00Z');

test.each([
  ['certificate', 'ca', certificateAuthority],
  ['timestamp', 'tsa', timestampAuthority],
] as const)('a %s authority is the same the next time, and is never given another key', async (_, name, open) => {
  const folder = temporaryFolder();
  const disk = openDisk(folder);
  const reopen = () => open({ disk: disk.at(name), keys: openKeys(disk.at('keys')), number: 1 }, NOW);
  const { certificates } = await reopen();
  expect((await reopen()).certificates).toEqual(certificates);
  expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700);

  rmSync(join(folder, `keys/${name}-1.pem`));
  await expect(reopen()).rejects.toMatchObject({ code: 'STACK_DATA', message: expect.stringContaining(`${name}-1.pem: there is no such key`) });
  await openKeys(disk.at('keys')).create(`${name}-1`, name === 'ca' ? 'p384' : 'p256');
  await expect(reopen()).rejects.toMatchObject({ code: 'STACK_DATA', message: expect.stringContaining('the certificate is not of the key beside it') });
});
