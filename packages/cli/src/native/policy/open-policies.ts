/** The policies of files as what judges, whatever they are written in. */
import { TrustError } from '@assay/core';
import type { ImagePolicy } from '@assay/policy';
import type { Io } from '../../io.ts';
import { type PolicyText, readPolicyText } from './policy-file.ts';

/** Errors: `FILE_…`, `POLICY_…`. */
export async function openPolicies(path: string, io: Io): Promise<readonly ImagePolicy[]> {
  return policiesOf(await readPolicyText(path, io), io);
}

/** Errors: `POLICY_…`, those of reading the files that they name. */
export async function policiesOf(text: PolicyText, io: Io): Promise<readonly ImagePolicy[]> {
  const dialects = new Set(text.documents.map(({ dialect }) => dialect));
  const policies = [
    ...(dialects.has('native') ? await nativePolicies(text, io) : []),
    ...(dialects.has('cluster-image-policy') ? await clusterImagePolicies(text, io) : []),
  ];
  if (policies.length === 0) {
    throw new TrustError('POLICY_PARSE', `${text.path}: there is no policy in it that judges an image`, {
      found: [...dialects].join(', '),
      hint: 'policies of Kyverno are about resources: assay kyverno apply',
    });
  }
  return policies;
}

async function nativePolicies({ path, text, files, documents }: PolicyText, io: Io): Promise<readonly ImagePolicy[]> {
  const { imagePolicyOf, parseNativePolicies, problemText } = await import('@assay/policy/native');
  const parsed = parseNativePolicies(text, io.now);
  return documents.flatMap(({ dialect, index }) => {
    const one = parsed[index];
    if (dialect !== 'native' || one === undefined) return [];
    if (one.document !== undefined) return [imagePolicyOf(one.document, files)];
    const [first] = one.problems;
    throw new TrustError('POLICY_INVALID', first === undefined ? `${path}: not a valid policy` : problemText(first, path), {
      hint: `assay policy check ${path} shows all of it`,
    });
  });
}

async function clusterImagePolicies({ documents }: PolicyText, io: Io): Promise<readonly ImagePolicy[]> {
  const { imagePolicyOf, readPolicyDocument } = await import('@assay/policy/cluster-image-policy');
  const values = documents.filter(({ dialect }) => dialect === 'cluster-image-policy').map(({ value }) => JSON.stringify(value));
  const read = values.map((value) => readPolicyDocument(value, { controllerNamespace: io.env['SYSTEM_NAMESPACE'] || 'cosign-system' }));
  for (const { notes, warnings } of read) for (const note of [...notes, ...warnings]) io.stderr(`${note}\n`);
  return read.flatMap(({ policies }) => policies.map(imagePolicyOf));
}
