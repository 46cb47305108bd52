/** `kyverno test FOLDER…`: test files are looked for, and what policies say is held against what is expected (admission.md section 8). */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type JsonObject, quote } from '@assay/core';
import { matchesWildcard } from '@assay/policy';
import { NO_METADATA, type Operation, type Review, type RuleResult } from '@assay/policy/kyverno';
import { atLeast, type Command, type Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import { bool, text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { type LoadedPolicies, loadExceptions, loadPayload, loadPolicies, loadResources } from './files.ts';
import { WORLD_FLAGS, worldFlags } from './flags.ts';
import { FORMATS, type Format, formatted } from './formats.ts';
import { keyOf, type Response, reported, runPolicies } from './run.ts';
import { type Row, tableText } from './table.ts';
import { type ExpectedResult, findTests, type TestFile } from './test-file.ts';
import { loadUser, loadValues, valuesOf } from './values.ts';
import { withWorld } from './world.ts';

export const command: Command = {
  usage: 'test [local folder]... [flags]',
  examples: `  # every kyverno-test.yaml in a folder and below it
  kyverno test tests/

  # some of the results
  kyverno test tests/ --test-case-selector "policy=require-signature,rule=signed,resource=*"

  # for CI: failures only, as JUnit
  kyverno test tests/ --fail-only -o junit

  # offline: images and their signatures come from an OCI layout
  kyverno test tests/ --registry-fixture images/`,
  flags: [
    text('file-name', 'name of test files', { short: 'f', default: 'kyverno-test.yaml' }),
    text('test-case-selector', 'which results to look at', { short: 't', default: 'policy=*,rule=*,resource=*' }),
    text('output-format', 'json, yaml, markdown or junit instead of a table', { short: 'o' }),
    bool('fail-only', 'show what failed, and nothing else'),
    bool('require-tests', 'without any test, fail'),
    ...WORLD_FLAGS,
  ],
  arity: atLeast(1),
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  const format = formatOf(flags);
  const { selector, errors } = parseSelector(flags.text('test-case-selector'));
  if (errors.length > 0) io.stdout(`\nFilter errors:\n${errors.map((error) => `  Error: ${error}\n`).join('')}`);
  const tests = loadTests(flags, io);
  if (tests.length === 0) {
    if (flags.bool('require-tests')) throw new CommandError('no tests found');
    if (errors[0] !== undefined) throw new CommandError(errors[0]);
    return;
  }
  const printing = { detailed: flags.bool('detailed-results'), colors: !flags.bool('remove-color') && format === undefined };
  const failOnly = flags.bool('fail-only');
  const tally = { passed: 0, failed: 0 };
  const failed: Row[] = [];
  for (const test of tests) {
    const expected = test.results
      .filter((result) => isSelected(result, selector))
      .map((one) => (selector.resource === '*' ? one : { ...one, resources: [selector.resource] }));
    if (expected.length === 0) continue;
    const found = await runTest(test, flags, io);
    io.stdout('  Checking results ...\n');
    const rows = checkResults(expected, found, tally);
    failed.push(...rows.filter((row) => row.failed));
    if (!failOnly) io.stdout(format === undefined ? `\n${tableText(rows, printing)}\n` : formatted(rows, format, printing.detailed));
  }
  const all = tally.passed + tally.failed;
  io.stdout(
    failOnly
      ? `\nTest Summary: ${tally.failed} out of ${all} tests failed\n\n`
      : `\nTest Summary: ${tally.passed} tests passed and ${tally.failed} tests failed\n\n`,
  );
  if (tally.failed === 0) return;
  if (failOnly) {
    const numbered = failed.map((row, i) => ({ ...row, id: i + 1 }));
    io.stdout(format === undefined ? `Aggregated Failed Test Cases : \n${tableText(numbered, printing)}` : formatted(failed, format, printing.detailed));
  }
  throw new CommandError(`${tally.failed} tests failed`);
}

function formatOf(flags: ParsedFlags): Format | undefined {
  const given = flags.text('output-format');
  if (given === '') return undefined;
  const format = FORMATS.find((one) => one === given);
  if (format === undefined) throw new CommandError('invalid format, expected (json, yaml, markdown, junit)');
  return format;
}

function loadTests(flags: ParsedFlags, io: Io): TestFile[] {
  let tests: ReturnType<typeof findTests>;
  try {
    tests = findTests(flags.positionals, flags.text('file-name'));
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const path = 'path' in error ? String(error.path) : '';
    const says = error.code === 'ENOENT' ? `open ${quote(path)}: no such file or directory` : quote(error.message);
    io.stdout(`\nError loading tests: ${says}\n`);
    throw new CommandError(says);
  }
  if (tests.length === 0) io.stdout('\nNo test yamls available\n');
  const broken = tests.flatMap((test) => ('problem' in test ? [test] : []));
  if (broken.length > 0) {
    io.stdout(`\nTest errors:\n${broken.map(({ path, problem }) => `  Path: ${quote(path)}\n    Error: ${problem}\n`).join('')}`);
    throw new CommandError(`found ${broken.length} errors after loading tests`);
  }
  return tests.map((test) => {
    if (!('deprecated' in test) && !('problem' in test)) return test;
    io.stdout(`\nWARNING: test file (${quote(test.path)}) uses a deprecated schema that will be removed in 1.15\n`);
    throw new CommandError(`test file ${quote(test.path)} uses a deprecated schema — please migrate to the latest format`);
  });
}

interface Selector {
  readonly policy: string;
  readonly rule: string;
  readonly resource: string;
}

function parseSelector(written: string): { readonly selector: Selector; readonly errors: readonly string[] } {
  const errors: string[] = [];
  const found = { policy: '*', rule: '*', resource: '*' };
  for (const part of written.split(',').filter((one) => one.trim() !== '')) {
    const [name = '', value, ...more] = part.trim().split('=');
    if (value === undefined || more.length > 0)
      errors.push(`Invalid test-case-selector argument (${quote(part)}). Parameter must be in the form \`<key>=<value>\`.`);
    else if (name === 'policy' || name === 'rule' || name === 'resource') found[name] = value;
    else errors.push(`Invalid test-case-selector (${quote(name)}). Parameter can only be policy, rule or resource.`);
  }
  return { selector: found, errors };
}

function isSelected({ policy, rule, resources }: ExpectedResult, selector: Selector): boolean {
  const named = resources.length === 0 || resources.some((one) => matchesWildcard(selector.resource, one));
  return matchesWildcard(selector.policy, policy) && matchesWildcard(selector.rule, rule) && named;
}

interface Found {
  /** By operation ('' for that of the values), and by resource. */
  readonly responses: ReadonlyMap<string, ReadonlyMap<string, readonly Response[]>>;
  readonly invalid: LoadedPolicies['invalid'];
  readonly folder: string;
}

async function runTest(test: TestFile, flags: ParsedFlags, io: Io): Promise<Found> {
  const print = (line: string) => io.stdout(`${line}\n`);
  try {
    // Two spaces: the name of a test stood here, in files of an older schema.
    print(`Loading test  ( ${test.path} ) ...`);
    for (const name of test.unused) print(`  Warning: ${test.path}: ${name} is not used`);
    print('  Loading values/variables ...');
    const values = valuesOf(typeof test.values === 'string' ? loadValues(test.values) : (test.values ?? {}));
    if (test.userinfo !== undefined) print('  Loading user infos ...');
    const user = test.userinfo === undefined ? undefined : loadUser(test.userinfo);
    print('  Loading policies ...');
    const exceptions = loadExceptions(test.exceptions);
    const loaded = loadPolicies(test.policies, exceptions);
    for (const warning of loaded.warnings) print(`  Warning: ${warning}`);
    print('  Loading resources ...');
    const resources = loadResources(test.resources);
    if (test.payloads.length > 0) print('  Loading JSON payloads ...');
    const payloads = test.payloads.map((path) => [path, loadPayload(path)] as const);
    print('  Loading exceptions ...');
    const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
    const policies = count(loaded.policies.length + loaded.invalid.size, 'policy', 'policies');
    print(`  Applying ${policies} to ${count(resources.length, 'resource', 'resources')} with ${count(exceptions.count, 'exception', 'exceptions')} ...`);
    const operations = new Set(['', ...test.results.map(({ operation }) => operation)]);
    const responses = new Map<string, Map<string, readonly Response[]>>();
    await withWorld(worldFlags(flags), resources, io, async (worldFor) => {
      for (const operation of operations) {
        const found = new Map<string, readonly Response[]>();
        const reviewOf = (object: JsonObject, payload: boolean): Review => {
          const [, , namespace = '', name = ''] = keyOf(object).split(',');
          const asked = (operation === '' ? values.operation : operation.toUpperCase()) as Operation;
          const world = worldFor((policy, rule) => values.of(policy, rule, name));
          const objects = asked === 'DELETE' ? { object: undefined, oldObject: object } : { object };
          return {
            operation: asked,
            ...objects,
            ...(payload && { payload: true as const }),
            namespaceLabels: values.labelsOf(namespace),
            user,
            produced: NO_METADATA,
            world,
          };
        };
        for (const object of resources) found.set(keyOf(object), await runPolicies(loaded.policies, reviewOf(object, false)));
        for (const [path, payload] of payloads) found.set(path, await runPolicies(loaded.policies, reviewOf(payload, true)));
        responses.set(operation, found);
      }
    });
    return { responses, invalid: loaded.invalid, folder: test.folder };
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(`failed to run test (${error.message})`, 1, { cause: error });
    throw error;
  }
}

interface Tally {
  passed: number;
  failed: number;
}

function checkResults(expected: readonly ExpectedResult[], { responses, invalid, folder }: Found, tally: Tally): Row[] {
  const rows: Row[] = [];
  for (const one of expected) {
    const found = responses.get(one.operation) ?? new Map<string, readonly Response[]>();
    for (const resource of resourcesOf(one, [...found.keys()])) {
      const path = resource.replaceAll(',', '/');
      const checked = checkResource(one, found.get(resource) ?? [], folder);
      const told = checked.length > 0 ? checked : [missing(one, invalid)];
      for (const checked of told) rows.push(rowOf(checked, one.policy, path, rows.length + 1));
    }
  }
  tally.failed += rows.filter(({ failed }) => failed).length;
  tally.passed += rows.filter(({ failed }) => !failed).length;
  return rows;
}

function rowOf({ rule, ok, reason, message, result = ok ? 'Pass' : 'Fail' }: Checked, policy: string, resource: string, id: number): Row {
  return { id, policy, rule, resource, result, reason, message, failed: !ok };
}

interface Checked {
  readonly rule: string;
  readonly ok: boolean;
  readonly reason: string;
  readonly message: string;
  /** Other than pass or fail. */
  readonly result?: string;
}

function missing({ policy, rule }: ExpectedResult, invalid: LoadedPolicies['invalid']): Checked {
  const problem = invalid.get(policy.split('/').at(-1) ?? '');
  if (problem !== undefined) return { rule, ok: true, reason: 'Invalid Policy', message: problem, result: 'Skip' };
  return { rule, ok: false, reason: 'Not found', message: 'Not found' };
}

/** Those that are named, in the order of their names; all of them without any. */
function resourcesOf({ resources, specs }: ExpectedResult, keys: readonly string[]): readonly string[] {
  const named = resources.flatMap((written) => {
    const [first = '', second] = written.split('/');
    return keys.filter((key) => {
      const [, , namespace = '', name = ''] = key.split(',');
      return key === written || (second === undefined ? matchesWildcard(first, name) : first === namespace && second === name);
    });
  });
  const specified = specs.flatMap(({ group, version, namespace, name }) =>
    keys.filter((key) => {
      const [api = '', , where = '', what = ''] = key.split(',');
      return api === (group === '' ? version : `${group}/${version}`) && where === namespace && what === name;
    }),
  );
  return named.length + specified.length === 0 ? keys : [...named, ...specified];
}

function checkResource(expected: ExpectedResult, responses: readonly Response[], folder: string): Checked[] {
  const checked: Checked[] = [];
  const wanted = expected.policy.split('/').at(-1);
  for (const response of responses) {
    const { policy, source } = response.policy;
    if (policy.name !== wanted) continue;
    const results = response.results.filter(({ rule }) => expected.rule === '' || source === undefined || isVariant(rule, expected.rule));
    for (const result of results) checked.push(checkRule(expected, response, result, folder));
    if (checked.length === 0) checked.push({ rule: expected.rule, ok: true, reason: 'Excluded', message: 'Excluded' });
  }
  return checked;
}

function isVariant(rule: string, wanted: string): boolean {
  return rule === wanted || rule === `autogen-${wanted}` || rule === `autogen-cronjob-${wanted}`;
}

function checkRule({ result: wanted, patched }: ExpectedResult, response: Response, result: RuleResult, folder: string): Checked {
  const { rule, message } = result;
  if (patched !== '' && !isPatchedAs(response.patched, loadResources([join(folder, patched)])))
    return { rule, ok: false, reason: 'Resource diff', message: "Patched resource didn't match the patched resource in the test result" };
  const status = reported(response, result, false);
  return status === wanted ? { rule, ok: true, reason: 'Ok', message } : { rule, ok: false, reason: `Want ${quote(wanted)}, got ${status}`, message };
}

function isPatchedAs(patched: JsonObject, expected: readonly JsonObject[]): boolean {
  return expected.some((one) => keyOf(one) === keyOf(patched) && isDeepStrictEqual(one, patched));
}
