/** CUE and Rego through the compiled engine: verdicts and words, and what a hostile policy or document can do, which is fail. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { ENGINE_FILE } from '../engine-folder.ts';
import { failureText, PolicyEngines, type PolicyLanguage } from './index.ts';
import { EngineInstance } from './instance.ts';
import { DIALECTS, encodeRequest } from './request.ts';

const engines = new PolicyEngines({ timeoutMs: 60_000 });
afterAll(() => engines.close());

const judge = (language: PolicyLanguage, policy: string, data: string | Uint8Array) => engines.evaluate(language, { policy, data, name: 'sbom' });

interface EvalCase {
  readonly name: string;
  readonly files: readonly string[];
  readonly expect: { readonly result: 'pass' | 'fail'; readonly policyName: string; readonly messageContains?: string; readonly warningContains?: string };
}

const folder = join(resolve(fileURLToPath(new URL('../../../..', import.meta.url)), process.env['ASSAY_VECTORS'] ?? '../shared/vectors'), 'admission');
const present = existsSync(join(folder, 'cases.json'));
if (!present) console.warn(`tests of admission vectors are skipped: no cases.json in ${folder} (set ASSAY_VECTORS)`);
const cases = present ? readCases().filter(({ kind }) => kind === 'policy-eval') : [];

function readCases(): (EvalCase & { readonly kind: string })[] {
  return JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')).cases;
}

describe.skipIf(!present)('the vectors', () => {
  test.each(cases)('$name', async ({ files, expect: { result, policyName, messageContains, warningContains } }) => {
    const read = (pattern: RegExp): string => readFileSync(join(folder, files.find((file) => pattern.test(file)) ?? ''), 'utf8');
    const language = files.some((file) => file.endsWith('.cue')) ? 'cue' : 'rego';
    const failure = await engines.evaluate(language, { policy: read(/\.(?:cue|rego)$/), data: read(/\.json$/), name: policyName });
    expect(failure === undefined ? 'pass' : 'fail').toBe(result);
    if (messageContains !== undefined) expect(failure?.message).toContain(messageContains);
    expect(failure?.warning).toBe(warningContains === undefined ? undefined : true);
    if (warningContains !== undefined) expect(failure?.message).toBe(warningContains);
  });
});

const CUE = (message: string) => ({ message: `failed evaluating cue policy for sbom: ${message}` });
const REGO = (message: string) => ({ message: `failed evaluating rego policy for type sbom: ${message}` });
const QUERY = 'isCompliant = data.sigstore.isCompliant';

describe('CUE', () => {
  test.each([
    ['a field that the document lacks is simply added', 'predicate: x: "v"', '{"predicate":{}}', undefined],
    ['a bound', 'n: <5', '{"n":7}', CUE('failed to evaluate the policy with error: n: invalid value 7 (out of bound <5)')],
    [
      'a label that needs quotes',
      'config: "linux/amd64": config: User: "app"',
      '{"config":{"linux/amd64":{"config":{"User":"root"}}}}',
      CUE('failed to evaluate the policy with error: config."linux/amd64".config.User: conflicting values "root" and "app"'),
    ],
    [
      'mismatched kinds: the policy first',
      'a: "x"',
      '{"a":1}',
      CUE('failed to evaluate the policy with error: a: conflicting values "x" and 1 (mismatched types string and int)'),
    ],
    [
      'several failures: the first, and how many more',
      'a: 1\nb: 1',
      '{"a":2,"b":2}',
      CUE('failed to evaluate the policy with error: a: conflicting values 2 and 1 (and 1 more errors)'),
    ],
    ['a package clause', 'package policy\na: 1', '{"a":1}', undefined],
    ['no CUE', 'a: {', '{}', CUE("failed to compile the cue policy with error: expected '}', found 'EOF'")],
    ['no JSON', 'a: 1', '{"a":1', CUE('failed to compile the attestation data with error: json: invalid JSON')],
    ['CUE in place of JSON', 'a: 1', '{a: 1, b: a}', CUE('failed to compile the attestation data with error: json: invalid JSON')],
    ['no UTF-8', 'a: 1', Uint8Array.of(0x22, 0xff, 0x22), CUE('failed to compile the attestation data with error: illegal UTF-8 encoding')],
    ['nothing', 'a: 1', '', CUE('failed to compile the attestation data with error: json: invalid JSON')],
    [
      'a field that is written twice, where the policy does not look',
      'a: 1',
      '{"a":1,"b":{"c":1,"c":2}}',
      CUE('failed to compile the attestation data with error: b.c: conflicting values 2 and 1'),
    ],
    [
      'a module of others',
      'import "example.com/x"\na: x.y',
      '{}',
      CUE('failed to compile the cue policy with error: package "example.com/x" imported but not defined in '),
    ],
  ])('%s', async (_, policy, document, expected) => {
    const failure = await judge('cue', policy, document);
    if (expected === undefined || failure === undefined) expect(failure).toBe(expected);
    else expect(failure.message.startsWith(expected.message), failure.message).toBe(true);
  });

  test('a task is data: nothing runs it', async () => {
    expect(await judge('cue', 'import "tool/exec"\nx: exec.Run & {cmd: "touch /tmp/assay-was-here"}', '{}')).toBeUndefined();
  });
});

describe('Rego', () => {
  test.each([
    ['the syntax of version 0', 'isCompliant { input.a == 1 }', '{"a":1}', undefined],
    ['the syntax of version 1, when it is asked for', 'import rego.v1\nisCompliant if input.a == 1', '{"a":1}', undefined],
    ['numbers of any size', 'isCompliant { input.a == 12345678901234567890123 }', '{"a":12345678901234567890123}', undefined],
    ['a truth that is no boolean', 'isCompliant = 1', '{}', REGO(`policy is not compliant for query '${QUERY}'`)],
    [
      'the last of several errors',
      'isCompliant[r] { r := {"result": false, "error": "a"} }\nisCompliant[r] { r := {"result": false, "error": "b"} }',
      '{}',
      REGO(`policy is not compliant for query '${QUERY}' with errors: b`),
    ],
    ['a set of something else', 'isCompliant[r] { r := 1 }', '{}', REGO(`policy is not compliant for query '${QUERY}' due to parsing errors: not an object`)],
    [
      'a request to the network',
      'isCompliant { http.send({"method": "get", "url": "http://127.0.0.1"}) }',
      '{}',
      REGO(`1 error occurred: ${undefinedFunction('http.send')}`),
    ],
    ['a look at names', 'isCompliant { net.lookup_ip_addr("localhost") }', '{}', REGO(`1 error occurred: ${undefinedFunction('net.lookup_ip_addr')}`)],
    ['a look at this process', 'isCompliant { opa.runtime().env }', '{}', REGO(`1 error occurred: ${undefinedFunction('opa.runtime')}`)],
    ['no JSON', 'isCompliant { true }', '{"a":1', REGO('unexpected EOF')],
  ])('%s', async (_, rules, document, expected) => {
    expect(await judge('rego', `package sigstore\n${rules}`, document)).toEqual(expected);
  });

  test('the time, chance and no two uses the same', async () => {
    expect(await judge('rego', 'package sigstore\nisCompliant { time.now_ns() > 1700000000000000000; rand.intn("a", 10) < 10 }', '{}')).toBeUndefined();
  });
});

function undefinedFunction(name: string): string {
  return `sigstore.rego:2: rego_type_error: undefined function ${name}`;
}

const FOR_EVER = 'package sigstore\nisCompliant { x := numbers.range(1, 1000000)[_]; y := numbers.range(1, 1000000)[_]; x * y == -1 }';

describe('what never comes to an end', () => {
  test.each([
    ['rego', FOR_EVER],
    ['cue', `import "list"\nl: list.Range(0, 2000, 1)\nx: [for a in l for b in l for c in l if a*b*c < 0 {a}]`],
  ] as const)('%s: is stopped, and the next policy is judged', async (language, policy) => {
    const impatient = new PolicyEngines({ timeoutMs: 3000 });
    try {
      await expect(impatient.evaluate(language, { policy, data: '{}', name: 'x' })).rejects.toMatchObject({ code: 'POLICY_TIMEOUT' });
      expect(await impatient.evaluate('cue', { policy: 'a: 1', data: '{"a":1}', name: 'x' })).toBeUndefined();
    } finally {
      await impatient.close();
    }
  });
});

describe('too much', () => {
  test.each([
    [
      'rego',
      'package sigstore\nmebi := concat("", ["0123456789abcdef" | numbers.range(1, 65536)[_]])\nisCompliant { concat("", [mebi | numbers.range(1, 2000)[_]]) }',
    ],
    ['cue', 'import "strings"\nx: strings.Repeat(strings.Repeat("0123456789abcdef", 65536), 2000)'],
  ] as const)('a text of gibibytes is no pass in %s, and the next policy is judged', async (language, policy) => {
    await expect(judge(language, policy, '{}')).rejects.toMatchObject({ code: 'POLICY_MEMORY' });
    expect(await judge('cue', 'a: 1', '{"a":1}')).toBeUndefined();
  });

  test.each(['cue', 'rego'] as const)('a document nested without end is no pass in %s', async (language) => {
    const document = `{"a":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`;
    const verdict = judge(language, language === 'cue' ? 'a: _' : 'package sigstore\nisCompliant { input.a }', document);
    const outcome = await verdict.then(
      (failure) => failure?.message,
      (error: { code?: string }) => error.code,
    );
    expect(outcome).toMatch(/^failed evaluating|^POLICY_/);
    expect(await judge('cue', 'a: 1', '{"a":1}')).toBeUndefined();
  });

  // A bug of OPA: it panics when it compares such a number.
  test('a number that the engine cannot bear is no pass, and the next policy is judged', async () => {
    expect(await judge('rego', 'package sigstore\nisCompliant { walk(input, [_, 7]) }', '{"a":1e99999999999}')).toEqual(
      REGO('the policy engine failed: illegal value'),
    );
    expect(await judge('rego', 'package sigstore\nisCompliant { input.a == 7 }', '{"a":7}')).toBeUndefined();
  });

  test('a message that quotes megabytes is cut', async () => {
    const failure = await judge('cue', 'a: "x"', JSON.stringify({ a: 'y'.repeat(3_000_000) }));
    expect(failure?.message).toMatch(/^failed evaluating cue policy for sbom: .*yyy… \(30\d{5} bytes\)$/);
    expect(failure?.message.length).toBeLessThan(20_000);
  });
});

test('many at once are each answered with their own', async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => judge('cue', `a: ${i % 7}`, `{"a":${i % 5}}`)));
  expect(answers.map((answer) => answer === undefined)).toEqual(Array.from({ length: 40 }, (_, i) => i % 7 === i % 5));
});

test('closed engines start again when they are asked', async () => {
  const reopened = new PolicyEngines({ timeoutMs: 60_000 });
  const answer = () => reopened.evaluate('cue', { policy: 'a: 1', data: '{"a":1}', name: 'x' });
  expect(await answer()).toBeUndefined();
  await reopened.close();
  expect(await answer()).toBeUndefined();
  await reopened.close();
});

test('others go on while the engine is being made ready', async () => {
  const fresh = new PolicyEngines();
  try {
    const ready = fresh.warm().then(() => true);
    let turns = 0;
    const turn = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), 1));
    while (!(await Promise.race([ready, turn()]))) turns++;
    expect(turns).toBeGreaterThan(10);
  } finally {
    await fresh.close();
  }
});

test.each([
  ['closed', 'await engines.close();'],
  ['left open', ''],
])('a process ends when its engines are %s', async (_, last) => {
  const module = fileURLToPath(new URL('./index.ts', import.meta.url));
  const script = `import { PolicyEngines } from ${JSON.stringify(module)};
    const engines = new PolicyEngines();
    console.log(await engines.evaluate('cue', { policy: 'a: 1', data: '{"a":1}', name: 'x' }));
    ${last}`;
  const stdout = await new Promise((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
  expect(stdout).toBe('undefined\n');
});

describe('the module that is checked in', () => {
  const described = JSON.parse(readFileSync(new URL('./engine.json', ENGINE_FILE), 'utf8')) as Readonly<Record<string, string>>;
  const compressed = readFileSync(ENGINE_FILE);
  const bytes = brotliDecompressSync(compressed);
  const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

  test('is the one that is described, and tells whose code it is', () => {
    expect({ compressed: sha256(compressed), module: sha256(bytes) }).toEqual({ compressed: described['compressed'], module: described['module'] });
    const notices = readFileSync(new URL('./THIRD-PARTY-NOTICES.md', ENGINE_FILE), 'utf8');
    for (const name of ['cuelang.org/go', 'github.com/open-policy-agent/opa']) expect(notices).toContain(`\n## ${name} `);
  });

  test('uses no more memory after thousands of documents than after hundreds', () => {
    const engine = new EngineInstance(new WebAssembly.Module(bytes));
    const evaluate = (from: number, to: number): number => {
      for (let i = from; i < to; i++) {
        const document = JSON.stringify({ predicate: { metadata: { tools: [{ name: 'syft', [`v${i}`]: 'x'.repeat(500) }] } } });
        const policy = `predicate: metadata: tools: [{name: "syft", ...}]\nn${i % 50}: 1`;
        expect(engine.evaluate(encodeRequest(DIALECTS.policy.cue, [{ name: '', text: policy }], document))).toBe('{}');
      }
      return engine.memoryBytes;
    };
    const before = evaluate(0, 1500);
    expect(evaluate(1500, 6000) - before).toBeLessThan(24 * 1024 * 1024);
  });
});

test('says failures as policy-controller does', () => {
  expect(failureText('cue', 'a', 'b')).toBe('failed evaluating cue policy for a: b');
  expect(failureText('rego', 'a', 'b')).toBe('failed evaluating rego policy for type a: b');
});
