import { expect, onTestFinished, test } from 'vitest';
import { fakeApi } from '../../test/fake-api.ts';
import { Informer } from '../kubernetes/informer.ts';
import { nameOf } from '../kubernetes/object.ts';
import { servedVersion } from './served-version.ts';

test('a resource is followed in the first version that the cluster knows, page by page', async () => {
  const api = await fakeApi({ pageSize: 2 });
  const [newer, older] = ['/apis/policies.kyverno.io/v1/things2', '/apis/policies.kyverno.io/v1beta1/things2'] as const;
  for (const name of ['a', 'b', 'c']) api.put(`${older}/${name}`, {});
  const client = servedVersion(api.client, [newer, older]);
  const informer = new Informer({ client, path: newer, resource: 'things', optional: true, onChange: () => undefined }).start();
  onTestFinished(async () => {
    await informer.close();
    await api.close();
  });
  await informer.synced;
  expect(informer.objects().map(nameOf)).toEqual(['a', 'b', 'c']);
  await expect.poll(() => api.watches).toBe(1);
  api.put(`${older}/d`, {});
  await expect.poll(() => informer.objects().length).toBe(4);
  expect(api.asked).toEqual([`GET ${newer}`, `GET ${older}`, `GET ${older}`, `GET ${older}`]);
});

test('and in none where it knows none', async () => {
  const api = await fakeApi();
  const paths = ['/apis/policies.kyverno.io/v1/x', '/apis/policies.kyverno.io/v1alpha1/x'] as const;
  const informer = new Informer({ client: servedVersion(api.client, paths), path: paths[0], resource: 'x', optional: true, onChange: () => undefined }).start();
  onTestFinished(async () => {
    await informer.close();
    await api.close();
  });
  await informer.synced;
  expect(informer.objects()).toEqual([]);
});
