/** Workflow files of GitHub Actions, as far as ours go: read, and their `run:` steps run here, with what the platform would give them. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { runOf } from './child-run.ts';
import type { Run } from './run-cli.ts';

export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly 'runs-on': string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly needs?: readonly string[];
  readonly if?: string;
  readonly steps: readonly Step[];
}

export interface Workflow {
  readonly on: { readonly workflow_call: { readonly inputs: Readonly<Record<string, { readonly default: string | boolean }>> } };
  readonly permissions: object;
  readonly defaults: { readonly run: { readonly shell: string } };
  readonly jobs: Readonly<Record<string, Job>>;
}

export function deployFile(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../deploy/${name}`, import.meta.url)), 'utf8');
}

export function parseYaml<T>(text: string): T {
  return parse(text) as T;
}

/** `inputs`, `github`, `steps`, … */
export type Contexts = Readonly<Record<string, unknown>>;

/** The text of a step's variable or input with its expressions replaced. */
export function expand(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => asText(evaluate(expression.trim(), contexts)));
}

/** `a || b`, `a && b`, `a == 'b'`, `a != 'b'`, `toJSON(a)`, `'text'`, `a.b.c`: what our files use, and no more. */
export function evaluate(expression: string, contexts: Contexts): unknown {
  const [either, ...others] = expression.split(' || ');
  if (others.length > 0) return evaluate(either ?? '', contexts) || evaluate(others.join(' || '), contexts);
  const [first, ...rest] = expression.split(' && ');
  if (rest.length > 0) return evaluate(first ?? '', contexts) && evaluate(rest.join(' && '), contexts);
  const [left, right] = expression.split(' == ');
  if (right !== undefined) return evaluate(left ?? '', contexts) === evaluate(right, contexts);
  const [one, another] = expression.split(' != ');
  if (another !== undefined) return evaluate(one ?? '', contexts) !== evaluate(another, contexts);
  const literal = /^'([^']*)'$/.exec(expression)?.[1];
  if (literal !== undefined) return literal;
  const json = /^toJSON\((\w+)\)$/.exec(expression)?.[1];
  if (json !== undefined) return JSON.stringify(contexts[json], null, 2);
  if (!/^[\w.-]+$/.test(expression)) throw new Error(`not an expression of ours: ${expression}`);
  return expression.split('.').reduce<unknown>((value, name) => (value as Contexts | undefined)?.[name], contexts);
}

function asText(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

export interface StepPlace {
  readonly cwd: string;
  /** Of the job. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly contexts: Contexts;
}

/** Runs a step as `shell: bash` does. */
export function runStep({ run = '', env: own = {} }: Step, { cwd, env, contexts }: StepPlace): Promise<Run> {
  const variables = Object.fromEntries(Object.entries(own).map(([name, text]) => [name, expand(text, contexts)]));
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], { cwd, env: { ...env, ...variables } });
  return runOf(child);
}

/** The outputs that a step has set, from the file that it wrote them to. */
export function outputsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
