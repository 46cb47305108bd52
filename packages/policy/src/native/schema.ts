/**
 * `assay.policy.yaml`: our own form of a policy. At once a Kubernetes object, so that the same file judges on the command line, in CI and in the cluster.
 *
 *   apiVersion: assay.dev/v1alpha1
 *   kind: ImagePolicy
 *   metadata: { name: app }
 *   spec:
 *     images: [ghcr.io/acme/**]                                which; without it, whatever is asked about
 *     signers:
 *       - { github: acme/app, workflow: release.yml, tag: 'v{tag}' }
 *       - { key: cosign.pub }                                  any of them is enough
 *     attestations:
 *       - { type: cyclonedx, where: [{ path: predicate.specVersion, equals: '1.6' }] }   all of them are demanded
 *     build: { source: github.com/acme/app, level: 3 }
 *     mode: enforce
 *
 * The schema is the one source: of the check, of the JSON schema for editors, and of the CRD. An unknown key is refused: a demand that is misspelt demands
 * nothing.
 */
import { z } from 'zod';
import { durationSeconds, endOf } from './duration.ts';
import { problemOfPattern } from './image-pattern.ts';
import { parsePath } from './json-path.ts';
import { nearest } from './nearest.ts';
import { problemOfBuild } from './rules/build.ts';
import { problemsOfSigner } from './rules/signer.ts';
import { problemsOfSpec } from './rules/spec.ts';
import { problemsOfWhere } from './rules/where.ts';

export const API_VERSION = 'assay.dev/v1alpha1';
export const KIND = 'ImagePolicy';

/** An object that has these keys and no others. */
function object<S extends z.ZodRawShape>(shape: S, description: string): z.ZodObject<S, z.core.$strict> {
  const known = Object.keys(shape);
  return z
    .strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue.keys ?? [], known) : undefined) })
    .describe(description);
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const like = keys.length === 1 ? nearest(keys[0] as string, known) : undefined;
  return like === undefined ? `unknown; known here: ${known.join(', ')}` : `unknown; did you mean ${like}?`;
}

/** A rule over a value that has the right shape. */
function ruled<T extends z.ZodType>(schema: T, rule: (value: z.infer<T>) => readonly RuleProblem[]): T {
  return schema.superRefine((value, context) => {
    for (const { path, says } of rule(value)) context.addIssue({ code: 'custom', path: [...path], message: says });
  });
}

export interface RuleProblem {
  readonly path: readonly (string | number)[];
  readonly says: string;
}

const text = (description: string) => z.string().min(1).describe(description);
const one = (says: string | undefined): readonly RuleProblem[] => (says === undefined ? [] : [{ path: [], says }]);
const pattern = ruled(text('HOST/REPOSITORY, with * for any characters but /, and ** for any; @sha256:… names one image'), (value) =>
  one(problemOfPattern(value)),
);
const patterns = (description: string) => z.array(pattern).min(1).describe(description);
const duration = ruled(text('a number and s, m, h, d or w, as 30d'), (value) =>
  one(durationSeconds(value) === undefined ? 'not a length of time: a number and s, m, h, d or w was expected, as 30d' : undefined),
);
const moment = ruled(text('a day as 2030-12-31, whole in UTC, or a time as 2030-12-31T12:00:00Z'), (value) =>
  one(endOf(value) === undefined ? 'not a date: 2030-12-31 or 2030-12-31T12:00:00Z was expected' : undefined),
);

const trust = object(
  {
    root: text('name of a TrustRoot of the cluster; on the command line, of --trust-root FILE').optional(),
    file: text('trusted_root.json of a Sigstore instance, relative to the policy; not in a cluster').optional(),
    log: z.enum(['required', 'ignored']).optional().describe('whether a transparency log must have the signing on record; default required'),
    sct: z.enum(['required', 'ignored']).optional().describe('whether a log must have the certificate on record; default required'),
    timestamp: z.enum(['required', 'optional']).optional().describe('whether a timestamp authority must have seen the signature; default optional'),
  },
  'By what evidence is verified; default: the trusted root of whoever verifies',
);

const signerShape = object(
  {
    github: text('OWNER/REPOSITORY, or OWNER/*: workflows that run in it').optional(),
    gitlab: text('GROUP/PROJECT: its pipelines').optional(),
    workflow: text('file of the workflow, as release.yml; another repository’s as OWNER/REPOSITORY/.github/workflows/FILE[@REF]').optional(),
    tag: text('tag it must run at; * for any characters, {tag} for the tag of the image').optional(),
    branch: text('branch it must run at; * for any characters').optional(),
    ref: text('the same in full, as refs/heads/main').optional(),
    issuer: text('OIDC issuer, exactly').optional(),
    issuerPattern: text('OIDC issuer as an RE2 pattern of the whole').optional(),
    subject: text('e-mail address, workflow URI or user name, exactly; {tag} is the tag of the image').optional(),
    subjectPattern: text('the same as an RE2 pattern of the whole').optional(),
    key: text('public key: PEM, or a file relative to the policy').optional(),
    hash: z.enum(['sha256', 'sha384', 'sha512']).optional().describe('the one hash that the key may sign with'),
    trust: trust.optional(),
  },
  'One who may have signed: github, gitlab, issuer and subject, or key',
);
const signer = ruled(signerShape, problemsOfSigner);
const signers = z.array(signer).min(1);

const value = z.union([z.string(), z.number(), z.boolean()]);
const whereShape = object(
  {
    path: ruled(text('into the statement, as predicate.components[0].name'), (path) => one(parsePath(path) === undefined ? PATH_EXPECTED : undefined)),
    equals: value.optional().describe('exactly this'),
    in: z.array(value).min(1).optional().describe('one of these'),
    matches: text('an RE2 pattern of the whole text').optional(),
    atLeast: z.number().optional().describe('this or more'),
    atMost: z.number().optional().describe('this or less'),
    exists: z.boolean().optional().describe('whether there is anything'),
  },
  'What a value of the statement must be',
);
const where = ruled(whereShape, problemsOfWhere);

const attestation = object(
  {
    type: text('predicate type: a URI, or a short name such as cyclonedx, spdxjson, vuln, slsaprovenance1'),
    signers: signers.optional().describe('who must have signed it; default: the signers of the policy'),
    where: z.array(where).min(1).optional().describe('what its statement must say; all of it'),
    cue: text('CUE that the statement must satisfy: text, or a file ending in .cue').optional(),
    rego: text('Rego with isCompliant in package sigstore: text, or a file ending in .rego').optional(),
    maxAge: duration.optional().describe('no older than this'),
  },
  'A statement that must be there',
);

const buildShape = object(
  {
    source: text('what it must be built from, as github.com/OWNER/REPOSITORY'),
    tag: text('the tag it must be built from; {tag} is the tag of the image').optional(),
    branch: text('the branch it must be built from').optional(),
    commit: text('the commit it must be built from, in full').optional(),
    builder: text('who must have built it, NAME or NAME@REF; default: a workflow of the source, or one of the SLSA project').optional(),
    trigger: text('the event that must have started it; default: any but a pull request').optional(),
    selfHosted: z.literal('refused').optional().describe('it must be built on machines of the platform'),
    level: z.literal([1, 2, 3]).optional().describe('the least level of SLSA’s build track'),
    signers: signers
      .optional()
      .describe('who must have signed the provenance; default: any job of the forge of the source, of other hosts the signers of the policy'),
    maxAge: duration.optional().describe('no older than this'),
  },
  'Provenance that must be there, of a build like this',
);
const build = ruled(buildShape, (value) => one(problemOfBuild(value)));

const from = object(
  {
    repository: text('repository that holds the evidence, instead of the image’s own').optional(),
    tagPrefix: text('what stands before the digest in tags of evidence').optional(),
  },
  'Where evidence lies',
);

const demands = {
  signers: signers.optional().describe('who may have signed; any of them'),
  signature: z
    .enum(['required', 'notNeeded'])
    .optional()
    .describe('whether the image itself must be signed; default: when no attestation and no build is demanded'),
  annotations: z.record(z.string(), z.string()).optional().describe('what must be signed with the image'),
  attestations: z.array(attestation).min(1).optional().describe('statements that must be there; all of them'),
  build: build.optional(),
  trust: trust.optional(),
  from: from.optional(),
  maxAge: duration.optional().describe('evidence is no older than this'),
  decision: z.enum(['admit', 'deny']).optional().describe('without looking at any evidence'),
  message: text('said of the decision').optional(),
};

const alternative = object(demands, 'Demands that belong together');

const match = object(
  {
    kinds: z
      .array(z.enum(['Pod', 'ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob']))
      .min(1)
      .optional()
      .describe('kinds of objects'),
    namespaces: z.array(z.string().min(1)).min(1).optional().describe('namespaces; * for any characters'),
    labels: z.record(z.string(), z.string()).optional().describe('labels that the object must have'),
  },
  'Of which objects of a cluster images are judged; default: of all',
);

const exception = object(
  {
    images: patterns('which images are let in'),
    until: moment,
    reason: text('why; it is told with every image that is let in for it'),
  },
  'Images that are let in without evidence, for a time',
);

const specShape = object(
  {
    images: patterns('which images the policy is about; default: whatever is asked about').optional(),
    exclude: patterns('which of them it is not about').optional(),
    match: match.optional(),
    mode: z.enum(['enforce', 'warn']).optional().describe('whether it refuses, or only says that it would; default enforce'),
    ...demands,
    any: z.array(alternative).min(1).optional().describe('one of these is enough; signers and trust are those of the policy unless they say otherwise'),
    all: z.array(alternative).min(1).optional().describe('all of these, besides what else is demanded'),
    exceptions: z.array(exception).min(1).optional().describe('images that are let in without evidence, for a time'),
  },
  'What must be shown of which images',
);
const spec = ruled(specShape, problemsOfSpec);

const name = z
  .string()
  .regex(/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/, 'not a name: lower-case letters, digits, - and . were expected')
  .describe('name of the policy');

export const documentSchema = object(
  {
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(KIND),
    metadata: z.looseObject({ name }).describe('as of any Kubernetes object'),
    spec,
  },
  'A policy of Assay: what must be shown of an image before it is let in',
);
export const specSchema = spec;

export type NativeDocument = z.infer<typeof documentSchema>;
export type NativeSpec = z.infer<typeof specShape>;
export type NativeDemands = z.infer<typeof alternative>;
export type NativeSigner = z.infer<typeof signerShape>;
export type NativeTrust = z.infer<typeof trust>;
export type NativeAttestation = z.infer<typeof attestation>;
export type NativeBuild = z.infer<typeof buildShape>;
export type NativeWhere = z.infer<typeof whereShape>;
export type NativeException = z.infer<typeof exception>;
export type NativeMatch = z.infer<typeof match>;

const PATH_EXPECTED = 'not a path: names and [numbers] were expected, as predicate.components[0].name or predicate["a b"]';
