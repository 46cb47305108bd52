import { TrustError } from '@assay/core';
import { referenceText } from '@assay/oci';
import { expect, test } from 'vitest';
import { DIGEST, POD, pod, request } from '../test/requests.ts';
import { mutateWorkload } from './mutate.ts';
import { readWorkload } from './workload.ts';

const TAGS: Record<string, string> = { 'index.docker.io/library/nginx:latest': DIGEST, 'ghcr.io/a/b:1.2': DIGEST };

async function pinned(text: string): Promise<string | undefined> {
  const patch = await mutateWorkload(readWorkload(request(POD, pod('broken image', text))), {
    resolve: async (reference) => {
      const name = referenceText(reference);
      if (name.startsWith('down.example')) throw new TrustError('NET_UNREACHABLE', 'down');
      return TAGS[name] as never;
    },
  });
  if (patch.length === 0) return undefined;
  expect(patch).toEqual([{ op: 'replace', path: '/spec/containers/1/image', value: expect.any(String) }]);
  return patch[0]?.value as string;
}

test.each<[string, string, string | undefined]>([
  ['a short name', 'nginx', `index.docker.io/library/nginx:latest@${DIGEST}`],
  ['a tag', 'ghcr.io/a/b:1.2', `ghcr.io/a/b:1.2@${DIGEST}`],
  ['a digest, by its full name', `ghcr.io/a/b@${DIGEST}`, undefined],
  ['a digest, by a short name', `nginx@${DIGEST}`, `index.docker.io/library/nginx@${DIGEST}`],
  ['a tag and a digest, by a short name', `nginx:1@${DIGEST}`, `index.docker.io/library/nginx@${DIGEST}`],
  ['what an earlier pass has written', `index.docker.io/library/nginx:latest@${DIGEST}`, undefined],
  ['a tag that is not there', 'ghcr.io/a/b:gone', undefined],
  ['a registry that is down', 'down.example/a:1', undefined],
])('%s', async (_, text, expected) => {
  expect(await pinned(text)).toBe(expected);
  // A second pass changes nothing.
  if (expected !== undefined) expect(await pinned(expected)).toBeUndefined();
});

test('a bug is no reason to let it pass unseen', async () => {
  const resolve = () => Promise.reject(new TypeError('bug'));
  await expect(mutateWorkload(readWorkload(request(POD, pod('nginx'))), { resolve })).rejects.toThrow('bug');
});
