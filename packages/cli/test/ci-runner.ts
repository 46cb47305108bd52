/** A machine that runs jobs of GitHub Actions: its folders, programs on its PATH, and the files by which one step tells the next. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Run } from './run-cli.ts';
import { type Contexts, evaluate, outputsIn, runStep, type Step } from './workflow-file.ts';

export interface RunnerOptions {
  /** Of the job. */
  readonly env: Readonly<Record<string, string>>;
  readonly contexts: Contexts;
}

export const LAUNCHER = fileURLToPath(new URL('../bin/assay.js', import.meta.url));

export class CiRunner {
  readonly temp: string;
  readonly workspace: string;
  readonly #root: string;
  readonly #options: RunnerOptions;

  constructor(root: string, options: RunnerOptions) {
    this.#root = root;
    this.#options = options;
    this.temp = join(root, 'temp');
    this.workspace = join(root, 'workspace');
    for (const folder of [this.temp, this.workspace, join(root, 'bin')]) mkdirSync(folder, { recursive: true });
    for (const file of Object.values(FILES)) writeFileSync(join(root, file), '');
  }

  program(name: string, script: string): void {
    const path = join(this.#root, 'bin', name);
    writeFileSync(path, `#!/bin/bash\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** As if it were installed. */
  installAssay(): void {
    this.program('assay', `exec "${process.execPath}" "${LAUNCHER}" "$@"`);
  }

  async run(step: Step, contexts: Contexts = {}): Promise<Run> {
    return runStep(step, { cwd: this.workspace, env: this.#environment(), contexts: this.#contexts(contexts) });
  }

  /** All of them, up to the first that fails; the ones that use an action are left out. */
  async runAll(steps: readonly Step[], contexts: Contexts = {}): Promise<Run> {
    let whole: Run = { status: 0, stdout: '', stderr: '' };
    for (const step of steps) {
      if (step.run === undefined || (step.if !== undefined && !evaluate(step.if, this.#contexts(contexts)))) continue;
      const run = await this.run(step, contexts);
      whole = { status: run.status, stdout: whole.stdout + run.stdout, stderr: whole.stderr + run.stderr };
      if (run.status !== 0) break;
    }
    return whole;
  }

  outputs(): Readonly<Record<string, string>> {
    return outputsIn(this.told('GITHUB_OUTPUT'));
  }

  /** What steps have written to one of the files that are for it. */
  told(file: keyof typeof FILES): string {
    return readFileSync(join(this.#root, FILES[file]), 'utf8');
  }

  #contexts(more: Contexts): Contexts {
    return { vars: {}, runner: { temp: this.temp }, ...this.#options.contexts, ...more };
  }

  #environment(): Readonly<Record<string, string | undefined>> {
    const added = this.told('GITHUB_PATH').split('\n').filter(Boolean).reverse();
    const folders = [...added, join(this.#root, 'bin'), join(this.#root, 'prefix/bin'), dirname(process.execPath), process.env['PATH'] ?? ''];
    return {
      HOME: this.#root,
      RUNNER_TEMP: this.temp,
      npm_config_prefix: join(this.#root, 'prefix'),
      ...Object.fromEntries(Object.entries(FILES).map(([name, file]) => [name, join(this.#root, file)])),
      ...this.#options.env,
      ...outputsIn(this.told('GITHUB_ENV')),
      PATH: folders.join(':'),
    };
  }
}

const FILES = { GITHUB_OUTPUT: 'outputs', GITHUB_PATH: 'path', GITHUB_ENV: 'env', GITHUB_STEP_SUMMARY: 'summary' } as const;
