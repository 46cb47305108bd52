/** `assay policy convert SOURCE --to DIALECT`: a policy in another dialect, and what that cannot say. */
import { TrustError } from '@assay/core';
import type { Losses, Manifest } from '@assay/policy/convert';
import type { NativeDocument, PolicyFiles } from '@assay/policy/native';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { printable } from '../../render/printable.ts';
import { type Dialect, type PolicyDocument, type PolicyText, readPolicyText } from './policy-file.ts';

export interface ConvertFlags {
  readonly to: 'native' | 'cluster-image-policy' | 'kyverno' | 'image-validating-policy' | 'cosign';
  /** The source is a command line. */
  readonly flags?: boolean;
  readonly name: string;
  readonly allowLoss?: boolean;
}

/** Returns the exit status. Errors: `POLICY_WEAKER`, when what would be written admits more; `POLICY_…`, `USAGE`. */
export async function runConvert(source: string, flags: ConvertFlags, io: Io): Promise<number> {
  const [{ Losses, lossText }, { stringify }] = await Promise.all([import('@assay/policy/convert'), import('yaml')]);
  const losses = new Losses();
  const { documents, files } = flags.flags === true ? await fromFlags(source, flags, losses) : await fromFile(source, flags, losses, io);
  if (documents.length === 0) throw new TrustError('POLICY_INVALID', 'nothing is left of the policy: it is about no image', { hint: 'see what it matches' });
  const written = await writtenAs(flags.to, documents, files, losses);
  for (const loss of losses.all) io.stderr(`${printable(lossText(loss))}\n`);
  const weaker = losses.all.filter(({ effect }) => effect === 'weaker').length;
  if (weaker > 0 && flags.allowLoss !== true) {
    const what = weaker === 1 ? 'one thing' : `${weaker} things`;
    throw new TrustError('POLICY_WEAKER', `${what} would be demanded no longer, and nothing is written`);
  }
  io.stdout(
    written
      .map((one) => (typeof one === 'string' ? `${one}\n` : stringify(one, { lineWidth: 0, aliasDuplicateObjects: false })))
      .join(flags.to === 'cosign' ? '' : '---\n'),
  );
  return EXIT.accepted;
}

interface Read {
  readonly documents: readonly NativeDocument[];
  readonly files: PolicyFiles;
}

async function fromFlags(line: string, { name }: ConvertFlags, losses: Losses): Promise<Read> {
  const [{ readFlags }, { readFileCapped }] = await Promise.all([import('@assay/policy/flags'), import('@assay/net/file')]);
  return { documents: [readFlags(line, name, losses)], files: { read: (path) => readFileCapped(path, MAX_FILE_BYTES) } };
}

/** Errors: `POLICY_…`, and `USAGE` when it is in that dialect. */
async function fromFile(path: string, { to }: ConvertFlags, losses: Losses, io: Io): Promise<Read> {
  const text = await readPolicyText(path, io);
  const documents: NativeDocument[] = [];
  for (const document of text.documents) {
    if (document.dialect === to) throw new TrustError('USAGE', `${path}: ${document.kind} ${document.name} is in this dialect already`);
    documents.push(...(await READERS[document.dialect](document, text, losses, io)));
  }
  return { documents, files: text.files };
}

type Reader = (document: PolicyDocument, text: PolicyText, losses: Losses, io: Io) => Promise<readonly NativeDocument[]>;

const READERS: Readonly<Record<Dialect, Reader>> = {
  async native({ index }, { text, path }, _, io) {
    const { parseNativePolicies, problemText } = await import('@assay/policy/native');
    const parsed = parseNativePolicies(text, io.now)[index];
    if (parsed?.document !== undefined) return [parsed.document];
    const [first] = parsed?.problems ?? [];
    throw new TrustError('POLICY_INVALID', first === undefined ? `${path}: not a valid policy` : problemText(first, path));
  },
  async 'cluster-image-policy'({ value }, _, losses, io) {
    const [{ fromClusterImagePolicy }, { readPolicyDocument }] = await Promise.all([
      import('@assay/policy/convert'),
      import('@assay/policy/cluster-image-policy'),
    ]);
    const { policies } = readPolicyDocument(JSON.stringify(value), { controllerNamespace: io.env['SYSTEM_NAMESPACE'] || 'cosign-system' });
    return policies.flatMap((policy) => fromClusterImagePolicy(policy, losses));
  },
  async kyverno({ value }, _, losses) {
    const [{ fromKyverno }, { policyOf }] = await Promise.all([import('@assay/policy/convert'), import('@assay/policy/kyverno')]);
    return fromKyverno(policyOf(value as Parameters<typeof policyOf>[0]), losses);
  },
  async 'image-validating-policy'({ value }, _, losses) {
    const [{ fromImageValidatingPolicy }, { imageValidatingPolicyOf }] = await Promise.all([
      import('@assay/policy/convert'),
      import('@assay/policy/image-validating-policy'),
    ]);
    return fromImageValidatingPolicy(imageValidatingPolicyOf(value as Parameters<typeof imageValidatingPolicyOf>[0]), losses);
  },
  'trust-root': async () => [],
};

async function writtenAs(
  to: ConvertFlags['to'],
  documents: readonly NativeDocument[],
  files: PolicyFiles,
  losses: Losses,
): Promise<readonly (Manifest | string)[]> {
  const { toClusterImagePolicies, toCosign, toImageValidatingPolicy, toKyverno } = await import('@assay/policy/convert');
  const writers: Readonly<Record<ConvertFlags['to'], (document: NativeDocument) => readonly (Manifest | string)[]>> = {
    native: (document) => [document],
    'cluster-image-policy': (document) => toClusterImagePolicies(document, files, losses),
    kyverno: (document) => toKyverno(document, files, losses),
    'image-validating-policy': (document) => toImageValidatingPolicy(document, files, losses),
    cosign: (document) => toCosign(document, losses),
  };
  return documents.flatMap(writers[to]);
}

const MAX_FILE_BYTES = 1024 * 1024;
