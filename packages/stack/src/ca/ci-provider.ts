/**
 * `ci-provider` issuers: what stands in the certificate is written down in the configuration (services.md section 3), so that a new CI service
 * needs no code.
 *
 *   ci-issuer-metadata:
 *     github-workflow:
 *       default-template-values: { url: "https://github.com", environment: "" }
 *       extension-templates: { build-signer-uri: "{{ .url }}/{{ .job_workflow_ref }}", build-signer-digest: "job_workflow_sha", … }
 *       subject-alternative-name-template: "{{ .url }}/{{ .job_workflow_ref }}"
 *
 * Issuer and subject always come from the token: a template for them is not looked at.
 */
import { quote } from '@assay/core';
import type { FulcioExtensions } from '@assay/make';
import { type CiTemplate, MissingValue, parseCiTemplate, TemplateProblem } from './ci-template.ts';
import type { Claims } from './claims.ts';
import type { ConfigMap } from './config-reader.ts';
import { refuseToken } from './refusals.ts';

type TemplatedExtension = Exclude<keyof FulcioExtensions, 'issuer' | 'tokenSubject'>;

export interface CiProvider {
  readonly defaults: ReadonlyMap<string, string>;
  readonly extensions: ReadonlyMap<TemplatedExtension, CiTemplate>;
  readonly san: CiTemplate;
}

/** Errors: `STACK_ISSUERS`. */
export function readCiProvider(name: string, map: ConfigMap): CiProvider {
  const templates = map.map('extension-templates');
  const extensions = new Map<TemplatedExtension, CiTemplate>();
  for (const [field, member] of EXTENSIONS) {
    const template = readTemplate(field, templates);
    if (template !== undefined) extensions.set(member, template);
  }
  templates?.ignore('issuer');
  templates?.end([...EXTENSIONS.keys()].join(', '));

  const defaults = new Map(map.map('default-template-values')?.texts() ?? []);
  const san = readTemplate('subject-alternative-name-template', map) ?? map.refuse(`${quote(name, 60)} has no subject-alternative-name-template`);
  map.end('default-template-values, extension-templates, subject-alternative-name-template');
  return { defaults, extensions, san };
}

function readTemplate(field: string, map: ConfigMap | undefined): CiTemplate | undefined {
  const source = map?.text(field);
  if (map === undefined || source === undefined || source.trim() === '') return undefined;
  try {
    return parseCiTemplate(source);
  } catch (error) {
    if (error instanceof TemplateProblem) return map.refuseField(field, `is not a template: ${quote(error.message)}`, { found: quote(source) });
    throw error;
  }
}

/** SAN and extensions for a token. Throws `Refusal` when the token lacks a claim that a template names. */
export function renderCiProvider(provider: CiProvider, claims: Claims): { san: string; extensions: Partial<FulcioExtensions> } {
  const values = new Map([...provider.defaults, ...claims.scalars()]);
  const render = (template: CiTemplate, what: string): string => {
    try {
      return template(values);
    } catch (error) {
      if (error instanceof MissingValue) return refuseToken(`${quote(error.message)}, and ${what} is made of it`);
      throw error;
    }
  };
  const extensions = Array.from(provider.extensions, ([member, template]) => [member, render(template, member)] as const);
  return { san: render(provider.san, 'the subject alternative name'), extensions: Object.fromEntries(extensions) };
}

const EXTENSIONS: ReadonlyMap<string, TemplatedExtension> = new Map([
  ['github-workflow-trigger', 'trigger'],
  ['github-workflow-sha', 'sha'],
  ['github-workflow-name', 'workflowName'],
  ['github-workflow-repository', 'repository'],
  ['github-workflow-ref', 'ref'],
  ['build-signer-uri', 'buildSignerUri'],
  ['build-signer-digest', 'buildSignerDigest'],
  ['runner-environment', 'runnerEnvironment'],
  ['source-repository-uri', 'sourceRepositoryUri'],
  ['source-repository-digest', 'sourceDigest'],
  ['source-repository-ref', 'sourceRef'],
  ['source-repository-identifier', 'sourceRepositoryId'],
  ['source-repository-owner-uri', 'sourceOwnerUri'],
  ['source-repository-owner-identifier', 'sourceOwnerId'],
  ['build-config-uri', 'buildConfigUri'],
  ['build-config-digest', 'buildConfigDigest'],
  ['build-trigger', 'buildTrigger'],
  ['run-invocation-uri', 'runInvocationUri'],
  ['source-repository-visibility-at-signing', 'visibility'],
  ['deployment-environment', 'deploymentEnvironment'],
]);
