/**
 * Command lines of the guides, played in a shell with ours in place of the tools they name, or read into words for a run in this process. The registries of the
 * names in them are on this machine (ASSAY_REGISTRY_MIRRORS), and the instance that signed is the testkit's (ASSAY_TRUST).
 */
import { spawn } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOf } from './child-run.ts';
import { findOnPath } from './foreign-tools.ts';
import type { Run } from './run-cli.ts';

export const HAS_JQ = findOnPath('jq') !== '';
const launcher = fileURLToPath(new URL('../bin/assay.js', import.meta.url));

export type Shell = (script: string, env: Readonly<Record<string, string>>) => Promise<Run>;

/** `tools` gets `cosign`, `crane`, `helm`, `slsa-verifier` and `docker`, and comes first on PATH; no proxy leads anywhere. */
export function openShell(tools: string, cwd: string): Shell {
  for (const name of ['assay', 'cosign', 'crane', 'helm', 'slsa-verifier']) symlinkSync(launcher, join(tools, name));
  // As Docker finds its plug-ins, `docker buildx imagetools` is this tool's third name.
  writeFileSync(join(tools, 'docker'), '#!/bin/sh\n[ "$1 $2" = "buildx imagetools" ] || exit 64\nshift 2\nexec assay imagetools "$@"\n', { mode: 0o755 });
  const nowhere = 'http://127.0.0.1:9';
  const closed = { HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere, NO_PROXY: '127.0.0.1' };
  const base = { PATH: `${tools}:${dirname(process.execPath)}:/usr/bin:/bin`, HOME: cwd, ...closed };
  return (script, env) => runShell(script, { ...base, ...env }, cwd);
}

/** A pipe fails when any of its commands does. */
function runShell(script: string, env: Readonly<Record<string, string>>, cwd: string): Promise<Run> {
  const child = spawn('bash', ['-o', 'pipefail', '-c', script], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  return runOf(child);
}

export interface ShellWords {
  /** Assignments before the command. */
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

/** One simple command as a shell reads it: quotes of both kinds, variables outside single ones. */
export function shellWords(line: string, values: Readonly<Record<string, string>>): ShellWords {
  const all = [...line.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"|([^'"]+)/g, (_, literal?: string, double?: string, bare?: string) => literal ?? expanded(double ?? bare ?? '', values)),
  );
  const first = all.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const env = Object.fromEntries(all.slice(0, first).map((word): [string, string] => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
  return { env, words: all.slice(first) };
}

function expanded(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$([A-Z_]+)/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for $${name}`);
    return value;
  });
}
