import { expect, onTestFinished, test } from 'vitest';
import { fakeApi } from '../../test/fake-api.ts';
import { UserRoles } from './user-roles.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const role = (name: string) => ({ kind: 'Role', name });
const clusterRole = (name: string) => ({ kind: 'ClusterRole', name });

test('roles are those that are bound to the user, his groups or his service account, in any page', async () => {
  const api = await fakeApi({ pageSize: 2 });
  onTestFinished(() => api.close());
  const bind = (path: string, namespace: string | undefined, roleRef: object, ...subjects: object[]) =>
    api.put(`${RBAC}/${path}`, {
      metadata: { ...(namespace !== undefined && { namespace }) },
      roleRef: { ...roleRef },
      subjects: subjects.map((one) => ({ ...one })),
    });
  bind('rolebindings/a', 'team', role('reader'), { kind: 'ServiceAccount', name: 'bot' });
  bind('rolebindings/b', 'team', clusterRole('edit'), { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' });
  bind('rolebindings/c', 'other', role('reader'), { kind: 'ServiceAccount', name: 'bot' });
  bind('clusterrolebindings/d', undefined, clusterRole('view'), { kind: 'Group', name: 'all' }, { kind: 'User', name: 'nobody' });
  bind('clusterrolebindings/e', undefined, clusterRole('admin'), { kind: 'User', name: 'root' });
  const roles = new UserRoles(api.client);
  expect(await roles.of({ username: 'system:serviceaccount:team:bot', groups: ['all'] })).toEqual({ roles: ['team:reader'], clusterRoles: ['view'] });
  expect(await roles.of({ username: 'system:serviceaccount:ci:bot', groups: [] })).toEqual({ roles: [], clusterRoles: ['edit'] });
  expect(await roles.of({ username: 'root', groups: [] })).toEqual({ roles: [], clusterRoles: ['admin'] });
  // Read once for all of them.
  expect(api.asked.filter((one) => one === `GET ${RBAC}/clusterrolebindings`)).toHaveLength(1);
});

test('bindings that cannot be read are an error, and asked for again', async () => {
  const api = await fakeApi();
  onTestFinished(() => api.close());
  api.fail('clusterrolebindings', 403);
  const roles = new UserRoles(api.client);
  await expect(roles.of({ username: 'u', groups: [] })).rejects.toMatchObject({ code: 'ADMISSION_API' });
  expect(await roles.of({ username: 'u', groups: [] })).toEqual({ roles: [], clusterRoles: [] });
});
