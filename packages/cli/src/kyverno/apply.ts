/**
 * `kyverno apply POLICY… -r RESOURCE…`: what policies over images say of resources (admission.md section 8).
 *
 * Where upstream leaves out what it cannot read, and ends well with no rule applied, this ends with what is wrong.
 */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, quote } from '@assay/core';
import { NO_METADATA, type Review } from '@assay/policy/kyverno';
import { stringify } from 'yaml';
import { anyNumber, type Command, type Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import { bool, list, text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { type LoadedPolicies, loadExceptions, loadPayload, loadPolicies, loadResources } from './files.ts';
import { pathsOf, WORLD_FLAGS, worldFlags } from './flags.ts';
import { reportText } from './report.ts';
import { keyOf, type Response, reported, runPolicies } from './run.ts';
import { type Row, tableText } from './table.ts';
import { loadUser, loadValues, setValues, valuesOf } from './values.ts';
import { withWorld } from './world.ts';

export const command: Command = {
  usage: 'apply [policies...] [flags]',
  examples: `  # what the policies of a file say of the pods of another
  kyverno apply policy.yaml --resource pod.yaml

  # as a table with messages; failures of rules that only audit are warnings
  kyverno apply policies/ -r resources/ --table --detailed-results --audit-warn

  # as a report
  kyverno apply policy.yaml -r pod.yaml --policy-report --output-format json

  # offline: images and their signatures come from an OCI layout
  kyverno apply policy.yaml -r pod.yaml --registry-fixture images/

  # a document that is no Kubernetes object
  kyverno apply image-policy.yaml --json payload.json`,
  flags: [
    list('resource', 'resource files or folders', { short: 'r' }),
    list('resources', 'the same'),
    list('json', 'files with JSON payloads'),
    bool('table', 'results as a table', { short: 't' }),
    bool('policy-report', 'results as a report', { short: 'p' }),
    text('output-format', 'of the report: json or yaml', { default: 'yaml' }),
    text('output', 'file or folder for changed resources', { short: 'o' }),
    text('values-file', 'values of variables', { short: 'f' }),
    list('set', 'a variable, key=value', { short: 's' }),
    text('userinfo', 'who asks: roles, cluster roles, subjects', { short: 'u' }),
    list('exception', 'policy exceptions', { short: 'e' }),
    list('exceptions', 'the same'),
    bool('audit-warn', 'failures of rules that audit are warnings'),
    { name: 'warn-exit-code', kind: 'int', default: '0', usage: 'exit status when there are warnings, and nothing worse' },
    bool('warn-no-pass', 'also when nothing has passed'),
    bool('continue-on-fail', 'go on with the next resource after one that cannot be asked about'),
    ...WORLD_FLAGS,
  ],
  arity: anyNumber,
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  if (flags.positionals.length === 0) throw new CommandError('require policy');
  const resourcePaths = pathsOf(flags, 'resource', 'resources');
  const payloadPaths = pathsOf(flags, 'json');
  if (resourcePaths.length + payloadPaths.length === 0) throw new CommandError('resource file(s) or cluster required');
  const format = flags.text('output-format');
  if (format !== 'json' && format !== 'yaml') throw new CommandError(`invalid output format ${quote(format)}, expected json or yaml`);
  const values = valuesOf(flags.text('values-file') === '' ? {} : loadValues(flags.text('values-file')), setValues(pathsOf(flags, 'set')));
  const user = flags.text('userinfo') === '' ? undefined : loadUser(flags.text('userinfo'));
  const exceptions = loadExceptions(pathsOf(flags, 'exception', 'exceptions'));
  const loaded = loadPolicies(flags.positionals, exceptions);
  for (const warning of loaded.warnings) io.stdout(`Warning: ${warning}\n`);
  const resources = loadResources(resourcePaths);
  const payloads = payloadPaths.map(loadPayload);
  const report = flags.bool('policy-report');
  if (!report)
    io.stdout(`\nApplying ${loaded.ruleCount} policy rule(s) to ${resources.length + payloads.length} resource(s)${withExceptions(exceptions.count)}...\n`);
  const responses: Response[] = [];
  await withWorld(worldFlags(flags), resources, io, async (worldFor) => {
    for (const [object, payload] of [...resources.map((one) => [one, false] as const), ...payloads.map((one) => [one, true] as const)]) {
      const [, , namespace = '', name = ''] = keyOf(object).split(',');
      const world = worldFor((policy, rule) => values.of(policy, rule, name));
      const deleted = values.operation === 'DELETE';
      const review: Review = {
        operation: values.operation,
        object: deleted ? undefined : object,
        ...(deleted && { oldObject: object }),
        ...(payload && { payload: true as const }),
        namespaceLabels: values.labelsOf(namespace),
        user,
        produced: NO_METADATA,
        world,
      };
      responses.push(...(await runPolicies(loaded.policies, review)));
    }
  });
  writeChanged(flags.text('output'), responses);
  printInvalid(loaded, io.stdout);
  const auditWarns = flags.bool('audit-warn');
  const counts = countResults(responses, loaded, auditWarns);
  if (report) io.stdout(reportText(responses, { format, auditWarns, now: io.now }));
  else if (flags.bool('table'))
    io.stdout(tableText(rowsOf(responses, auditWarns), { detailed: flags.bool('detailed-results'), colors: !flags.bool('remove-color') }));
  else {
    for (const response of responses) io.stdout(failureText(response, auditWarns));
    io.stdout(`\npass: ${counts.pass}, fail: ${counts.fail}, warn: ${counts.warn}, error: ${counts.error}, skip: ${counts.skip} \n`);
  }
  // Like upstream, nothing more is said: the counts have.
  if (counts.fail + counts.error > 0) throw new CommandError('');
  const warnCode = flags.number('warn-exit-code');
  if (counts.warn > 0 && warnCode !== 0) {
    io.stdout(`exit as warnExitCode is ${warnCode}`);
    throw new CommandError('', warnCode);
  }
  if (counts.pass === 0 && flags.bool('warn-no-pass')) {
    io.stdout('exit as no objects satisfied policy\n');
    if (warnCode !== 0) throw new CommandError('', warnCode);
  }
}
function withExceptions(count: number): string {
  return count === 0 ? '' : ` with ${count} exception(s)`;
}

interface Counts {
  pass: number;
  fail: number;
  warn: number;
  error: number;
  skip: number;
}

function countResults(responses: readonly Response[], { invalid }: LoadedPolicies, auditWarns: boolean): Counts {
  const counts: Counts = { pass: 0, fail: 0, warn: 0, error: invalid.size, skip: 0 };
  for (const response of responses) for (const result of response.results) counts[reported(response, result, auditWarns)]++;
  return counts;
}

function failureText(response: Response, auditWarns: boolean): string {
  const failed = response.results.filter(({ status }) => status === 'fail');
  const told = response.results.filter(({ status }) => status === 'error');
  if (failed.length + told.length === 0) return '';
  const [, kind = '', namespace = '', name = ''] = keyOf(response.resource).split(',');
  const resource = name === '' && kind === '' ? 'JSON payload' : `${namespace}/${kind}/${name}`;
  const { policy } = response.policy;
  const audits = auditWarns && failed.every(({ action }) => action === 'Audit');
  const head = (how: string) => `policy ${quote(policy.name)} -> resource ${quote(resource)} ${how}:\n`;
  const lines = (results: typeof failed) =>
    results.map(({ rule, message }, i) => `${i + 1} - ${quote(rule)} ${message === '' ? 'validation failed' : message}\n`).join('');
  const failures = failed.length === 0 ? '' : `${head(audits ? 'failed as audit warning' : 'failed')}${lines(failed)}`;
  // Upstream counts errors, and does not say which.
  return told.length === 0 ? failures : `${failures}${head('had errors')}${lines(told)}`;
}

function rowsOf(responses: readonly Response[], auditWarns: boolean): Row[] {
  const rows: Row[] = [];
  for (const response of responses) {
    const { policy, source } = response.policy;
    const [, kind = '', namespace = '', name = ''] = keyOf(response.resource).split(',');
    for (const result of response.results) {
      const status = reported(response, result, auditWarns);
      rows.push({
        id: rows.length + 1,
        policy: policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`,
        rule: source === undefined ? '' : result.rule,
        resource: [namespace, kind, name].filter((part) => part !== '').join('/'),
        result: status.charAt(0).toUpperCase() + status.slice(1),
        reason: '',
        message: result.message,
        failed: status === 'fail',
      });
    }
  }
  return rows;
}

function printInvalid({ invalid }: LoadedPolicies, print: (text: string) => void): void {
  if (invalid.size === 0) return;
  const divider = `${'-'.repeat(70)}\n`;
  print(`${divider}Policies Skipped:\n${[...invalid].map(([name, problem], i) => `${i + 1}. ${quote(name)}: ${problem}\n`).join('')}${divider}`);
}

/** Resources as the policies leave them. */
function writeChanged(output: string, responses: readonly Response[]): void {
  if (output === '') return;
  const changed = new Map<string, JsonObject>();
  for (const { resource, patched } of responses) if (JSON.stringify(resource) !== JSON.stringify(patched)) changed.set(keyOf(resource), patched);
  const text = [...changed.values()].map((object) => `${stringify(object, { lineWidth: 0 })}---\n`).join('');
  const isFolder = existsSync(output) && statSync(output).isDirectory();
  writeFileSync(isFolder ? join(output, 'mutated.yaml') : output, text);
}
