/**
 * The compatible face of policy-controller's tester (admission.md section 5): one image against the policies of one file. Nothing is printed on standard output
 * when it passes, and one line of JSON when it does not.
 */
import { encodeGoJson, isTrustError, TrustError, type TrustedRoot } from '@assay/core';
import { loadFileOrUrl } from '@assay/net';
import type { ImagePolicy, NamedImage } from '@assay/policy';
import type { Io } from '../io.ts';
import { withSubjects } from '../policy-subjects.ts';
import type { Resource } from '../reviewed-resource.ts';
import { withHttp } from '../with-http.ts';
import { type GoFlag, GoFlagError, goUsage, parseGoFlags } from './go-flags.ts';
import { versionText } from './version.ts';

/** Returns the exit status: 0, 1, or 2 for flags that do not exist. */
export async function policyTester(argv: readonly string[], io: Io): Promise<number> {
  let flags: ReadonlyMap<string, string> | 'help';
  try {
    flags = parseGoFlags(argv, FLAGS);
  } catch (error) {
    if (!(error instanceof GoFlagError)) throw error;
    return usage(io, 2, `${error.message}\n`);
  }
  if (flags === 'help') return usage(io, 0, EXAMPLES);
  const flag = (name: string): string => (flags as ReadonlyMap<string, string>).get(name) ?? '';
  if (!LEVELS.includes(flag('log-level'))) return usage(io, 1);
  if (flag('version') !== '') {
    io.stdout(versionText());
    return 0;
  }
  if (flag('policy') === '' || flag('image') === '') return usage(io, 1);
  try {
    return await test(
      { policy: flag('policy'), image: flag('image'), resource: flag('resource'), trustRoot: flag('trustroot') },
      logger(flag('log-level'), io),
      io,
    );
  } catch (error) {
    if (!isTrustError(error)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
}

interface Question {
  readonly policy: string;
  readonly image: string;
  readonly resource: string;
  readonly trustRoot: string;
}

async function test(question: Question, log: (text: string) => void, io: Io): Promise<number> {
  log('Validating policy');
  const { policies, warnings } = await readPolicies(question.policy, io);
  log('Policy was successfully validated');
  const { namedImage } = await import('@assay/policy');
  const image = refusingPlainly(question.image, () => namedImage(question.image));
  const object = question.resource === '' ? undefined : await readResource(question.resource, io);
  const trustRoots = question.trustRoot === '' ? undefined : await readTrustRoot(question.trustRoot, io);
  log('Verifying the provided image against the policy');
  const error = await firstError(policies, image, object, { trustRoots, io, warnings });
  if (error === undefined) {
    log('Verification was successful!');
    return 0;
  }
  log('Errors encountered during verification');
  io.stdout(`${encodeGoJson({ errors: [error], ...(warnings.length > 0 && { warnings }) })}\n`);
  return 1;
}

interface Read {
  readonly policies: readonly ImagePolicy[];
  readonly warnings: string[];
}

/** Errors: `POLICY_…`, with the words of the tester. */
async function readPolicies(source: string, io: Io): Promise<Read> {
  const { imagePolicyOf, readPolicyDocument } = await import('@assay/policy/cluster-image-policy');
  const warnings: string[] = [];
  const policies = new Map<string, ImagePolicy>();
  const path = /^https?:\/\//.test(source) ? 'policies[0].url' : 'policies[0].path';
  const text = await load(source, io).catch((error: unknown) => {
    throw refusal(error, (message) => `CIP is invalid: ${message}: ${path}`);
  });
  try {
    const read = readPolicyDocument(text, { controllerNamespace: io.env['SYSTEM_NAMESPACE'] || 'cosign-system' });
    for (const note of read.notes) io.stderr(`${note}\n`);
    warnings.push(...read.warnings.map((warning) => `policy 0: ${warning}`));
    for (const policy of read.policies) {
      const { name } = policy.metadata;
      if (policies.has(name)) warnings.push(`duplicate policy named ${JSON.stringify(name)}, skipping`);
      else policies.set(name, imagePolicyOf(policy));
    }
  } catch (error) {
    throw refusal(error, (message) => `CIP is invalid: invalid value: ${message}: ${path}`);
  }
  return { policies: [...policies.values()], warnings };
}

async function load(source: string, io: Io): Promise<Uint8Array> {
  try {
    return await withHttp(io, (http) => loadFileOrUrl(source, { http, env: io.env }));
  } catch (error) {
    if (isTrustError(error) && error.code === 'FILE_NOT_FOUND') throw new TrustError(error.code, `open ${source}: no such file or directory`, { cause: error });
    throw error;
  }
}

function refusal(error: unknown, text: (message: string) => string): unknown {
  return isTrustError(error) ? new TrustError(error.code, text(error.message), { cause: error }) : error;
}

function refusingPlainly<T>(image: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusal(error, () => `could not parse reference: ${image}`);
  }
}

/** Errors: `POLICY_PARSE`, `FILE_…`. */
async function readResource(file: string, io: Io): Promise<Resource> {
  const { parseResource } = await import('../reviewed-resource.ts');
  return parseResource(await load(file, io), '');
}

/** Errors: `POLICY_…`, `TRUST_ROOT_…`. */
async function readTrustRoot(file: string, io: Io): Promise<Map<string, TrustedRoot>> {
  const { compileTrustRoot, parseTrustRoot, trustRootWithDefaults } = await import('@assay/policy/trust-root');
  const trustRoot = trustRootWithDefaults(parseTrustRoot(await load(file, io)));
  const { root } = await withHttp(io, (http) => compileTrustRoot(trustRoot, { http, now: io.now }));
  return new Map([[trustRoot.metadata.name, root]]);
}

interface World {
  readonly trustRoots: ReadonlyMap<string, TrustedRoot> | undefined;
  readonly warnings: string[];
  readonly io: Io;
}

/** The first error of the first policy that refuses. Policies that warn add to the warnings. */
async function firstError(
  policies: readonly ImagePolicy[],
  image: NamedImage,
  object: Resource | undefined,
  { trustRoots, warnings, io }: World,
): Promise<string | undefined> {
  const matching = policies.filter((policy) => policy.covers(image, object?.reviewed));
  if (matching.length === 0) return `${image.text} is uncovered by policy`;
  return withSubjects({ userAgent: 'assay', plainHttp: 'never', ...(trustRoots !== undefined && { trustRoots }) }, io, async (subjects) => {
    const subject = subjects.open(image.text, object?.facts);
    for (const policy of matching) {
      const { ok, mode, errors } = await policy.judge(subject);
      if (ok) continue;
      const texts = errors.map((error) => `${error}: `.replace(/^\n+|\n+$/g, ''));
      if (mode === 'warn') warnings.push(...texts);
      else return texts[0] ?? `failed to process policy: ${policy.name}`;
    }
    return undefined;
  });
}

function logger(level: string, io: Io): (text: string) => void {
  if (level === 'warn' || level === 'error') return () => undefined;
  return (text) => io.stderr(`${new Date(io.now).toISOString()}\tINFO\t${text}\n`);
}

function usage(io: Io, status: number, before = ''): number {
  io.stderr(`${before}${goUsage('policy-tester', FLAGS)}`);
  return status;
}

const LEVELS = ['debug', 'info', 'warn', 'error'];

const EXAMPLES = `Tests an image against ClusterImagePolicies, as policy-controller's tester does.

  policy-tester --policy policy.yaml --image ghcr.io/owner/app:1.2.3
  policy-tester --policy policy.yaml --image ghcr.io/owner/app:1.2.3 --resource pod.yaml --trustroot trustroot.yaml

`;

const FLAGS: readonly GoFlag[] = [
  { name: 'policy', says: 'file or URL (http, https) of ClusterImagePolicies' },
  { name: 'image', says: 'image to hold against the policies' },
  { name: 'resource', says: 'file with a Kubernetes object, for match, includeSpec, includeObjectMeta and includeTypeMeta' },
  { name: 'trustroot', says: 'file with a TrustRoot that the policies name' },
  { name: 'log-level', says: 'what is told on standard error: debug, info, warn, error', default: 'info' },
  { name: 'enable-oci11', says: 'accepted and ignored: evidence is looked for among the referrers too', kind: 'bool' },
  { name: 'version', says: 'print the version', kind: 'bool' },
];
