/** Files of policies, whatever they are written in: one document or several, each known by its kind. */
import { dirname, resolve } from 'node:path';
import { isJsonObject, type Json, quote, TrustError } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { PolicyFiles } from '@assay/policy/native';
import type { Io } from '../../io.ts';
import { named } from '../../named.ts';
import { readInput } from '../../read-input.ts';

export type Dialect = 'native' | 'cluster-image-policy' | 'trust-root' | 'kyverno' | 'image-validating-policy';

export interface PolicyText {
  /** As it was given. */
  readonly path: string;
  readonly text: string;
  readonly documents: readonly PolicyDocument[];
  /** Files that it names lie beside it. */
  readonly files: PolicyFiles;
}

export interface PolicyDocument {
  readonly dialect: Dialect;
  /** `ClusterImagePolicy`. */
  readonly kind: string;
  /** '' when it has none. */
  readonly name: string;
  readonly value: Json;
  /** Among all documents of the text. */
  readonly index: number;
}

/** `-` is standard input. Secrets and ConfigMaps beside policies are passed over. Errors: `FILE_…`, `POLICY_PARSE`. */
export async function readPolicyText(path: string, io: Io): Promise<PolicyText> {
  const folder = path === '-' ? '.' : dirname(path);
  const content = await readInput(path, io);
  const { MAX_POLICY_BYTES } = await import('@assay/policy/cluster-image-policy');
  return policyTextOf(path, content, { read: (file: string) => readFileCapped(resolve(folder, file), MAX_POLICY_BYTES) });
}

/** The same of content at hand. Errors: `POLICY_PARSE`. */
export async function policyTextOf(path: string, content: Uint8Array, files: PolicyFiles): Promise<PolicyText> {
  const { parseDocuments } = await import('@assay/policy/cluster-image-policy');
  const documents = named(path, () => parseDocuments(content).flatMap((value, index) => documentOf(value, index)));
  if (documents.length === 0) throw new TrustError('POLICY_PARSE', `${quote(path)}: there is no policy in it`, { expected: KINDS_TEXT, found: 'nothing' });
  return { path, text: new TextDecoder().decode(content), documents, files };
}

function documentOf(value: Json, index: number): PolicyDocument[] {
  const { apiVersion, kind, metadata } = isJsonObject(value) ? value : {};
  const [group, kindText] = [typeof apiVersion === 'string' ? apiVersion : '', typeof kind === 'string' ? kind : ''];
  if (group === 'v1' && (kindText === 'Secret' || kindText === 'ConfigMap')) return [];
  const dialect = DIALECTS.get(`${group.split('/')[0]}/${kindText}`);
  if (dialect === undefined) {
    throw new TrustError('POLICY_PARSE', `document ${index + 1} is no policy`, {
      expected: KINDS_TEXT,
      found: quote(`apiVersion ${group || 'none'}, kind ${kindText || 'none'}`),
    });
  }
  const name = isJsonObject(metadata ?? null) ? (metadata as { readonly name?: Json })['name'] : undefined;
  return [{ dialect, kind: kindText, name: typeof name === 'string' ? name : '', value, index }];
}

const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ['assay.dev/ImagePolicy', 'native'],
  ['policy.sigstore.dev/ClusterImagePolicy', 'cluster-image-policy'],
  ['policy.sigstore.dev/TrustRoot', 'trust-root'],
  ['kyverno.io/ClusterPolicy', 'kyverno'],
  ['kyverno.io/Policy', 'kyverno'],
  ['policies.kyverno.io/ImageValidatingPolicy', 'image-validating-policy'],
  ['policies.kyverno.io/NamespacedImageValidatingPolicy', 'image-validating-policy'],
]);
const KINDS_TEXT = 'ImagePolicy, ClusterImagePolicy, TrustRoot, ClusterPolicy, Policy or ImageValidatingPolicy';
