/** The policy of a kit: packed with all files that it names, and read again from the kit alone. */
import { dirname, isAbsolute, posix, relative, resolve, sep } from 'node:path';
import { quote, TrustError, type TrustedRoot } from '@assay/core';
import type { KitFile, KitPlan, KitPolicy } from '@assay/kit';
import { readFileCapped } from '@assay/net/file';
import type { ImagePolicy } from '@assay/policy';
import type { Io } from '../../io.ts';
import { readInput } from '../../read-input.ts';
import { policiesOf } from '../policy/open-policies.ts';
import { policyTextOf } from '../policy/policy-file.ts';
import { loadTrustRoots } from '../policy/trust-roots.ts';

export interface OpenedPolicy {
  readonly policies: readonly ImagePolicy[];
  /** By the names that policies call them. */
  readonly trustRoots: ReadonlyMap<string, TrustedRoot>;
}

/**
 * Files keep their places relative to the policy: what lies above its folder makes the folder deeper.
 * Errors: `FILE_…`, `POLICY_…`, `USAGE` for files that are named by an absolute path.
 */
export async function packPolicy(path: string, trustRoots: readonly string[], plan: KitPlan, io: Io): Promise<OpenedPolicy & { readonly policy: KitPolicy }> {
  const content = await readInput(path, io);
  const { MAX_POLICY_BYTES } = await import('@assay/policy/cluster-image-policy');
  const own = path === '-' ? resolve('policy.yaml') : resolve(path);
  const named = new Map<string, Uint8Array>();
  const read = (file: string): Uint8Array => {
    if (isAbsolute(file)) {
      throw new TrustError('USAGE', `${quote(path)}: names a file by a path of this machine: ${quote(file)}`, {
        hint: 'put it beside the policy, and name it from there',
      });
    }
    const place = resolve(dirname(own), file);
    const bytes = readFileCapped(place, MAX_POLICY_BYTES);
    named.set(place, bytes);
    return bytes;
  };
  const policies = await policiesOf(await policyTextOf(path, content, { read }), io);
  const base = commonFolder([own, ...named.keys()]);
  const placeOf = (file: string): string => `policy/${relative(base, file).split(sep).join('/')}`;
  plan.addBytes(placeOf(own), content);
  for (const [file, bytes] of named) if (file !== own) plan.addBytes(placeOf(file), bytes);
  const roots = await loadTrustRoots(trustRoots, io);
  const paths = [...roots].map(([name, { json }]): [string, string] => {
    const place = `policy/trust-roots/${name}.json`;
    plan.addBytes(place, json);
    return [name, place];
  });
  return {
    policies,
    trustRoots: new Map([...roots].map(([name, { root }]) => [name, root])),
    policy: { path: placeOf(own), trustRoots: Object.fromEntries(paths) },
  };
}

function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => dirname(path).split(sep));
  const differs = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  const common = differs < 0 ? first : first.slice(0, differs);
  return common.join(sep) || sep;
}

/** Undefined: there is none in it. Errors: `POLICY_…`, `FILE_NOT_FOUND`, those of the kit. */
export async function policyOfKit(kit: KitFile, io: Io): Promise<OpenedPolicy | undefined> {
  const { policy, entries } = kit.manifest;
  if (policy === undefined) return undefined;
  const [{ MAX_POLICY_BYTES }, { parseCompiledTrustRoot }] = await Promise.all([
    import('@assay/policy/cluster-image-policy'),
    import('@assay/policy/trust-root'),
  ]);
  const packed = entries.filter(({ path }) => path.startsWith('policy/'));
  const total = packed.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_FILES_BYTES) throw new TrustError('KIT_FORMAT', `${quote(kit.name)}: the policy has ${total} bytes of files, the cap is ${MAX_FILES_BYTES}`);
  const files = new Map<string, Uint8Array>();
  for (const { path } of packed) files.set(path, await kit.read(path, Math.max(MAX_POLICY_BYTES, MAX_ROOT_BYTES)));
  const read = (path: string): Uint8Array => {
    const found = files.get(path);
    if (found === undefined) throw new TrustError('FILE_NOT_FOUND', `${quote(kit.name)}: the policy names ${quote(path)}, which is not in the kit`);
    return found;
  };
  const folder = posix.dirname(policy.path);
  const text = await policyTextOf(`${kit.name}: ${policy.path}`, read(policy.path), { read: (file) => read(posix.join(folder, file)) });
  const roots = Object.entries(policy.trustRoots).map(([name, path]): [string, TrustedRoot] => [
    name,
    parseCompiledTrustRoot(new TextDecoder().decode(read(path))),
  ]);
  return { policies: await policiesOf(text, io), trustRoots: new Map(roots) };
}

const MAX_ROOT_BYTES = 8 * 1024 * 1024;
const MAX_FILES_BYTES = 64 * 1024 * 1024;
