/** `assay policy simulate`: what would become of the workloads of a live cluster at their next start. Reads, and writes nothing. */
import { type SimulatedWorkload, simulate } from '@assay/admission';
import { createHttpClient } from '@assay/net';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { lazyEngines } from '../../policy-subjects.ts';
import { progressLine } from '../../progress.ts';
import { clusterClient, clusterOptions, type JudgingFlags, judgingOptions } from '../admission/judging-options.ts';

export interface SimulateFlags extends Omit<JudgingFlags, 'namespace'> {
  readonly systemNamespace: string;
  readonly namespace?: readonly string[];
  readonly allNamespaces?: boolean;
  readonly besides?: boolean;
  readonly kyverno?: boolean;
  readonly kyvernoExceptions?: string;
  readonly output: 'text' | 'json';
}

/** Returns the exit status: 1 when something would be denied. Errors: `ADMISSION_…`, `POLICY_…`, `NET_…`, `FILE_…`. */
export async function runSimulate(flags: SimulateFlags, io: Io): Promise<number> {
  const judging = { ...flags, namespace: flags.systemNamespace };
  const http = createHttpClient({ env: io.env, userAgent: 'assay' });
  const client = clusterClient(judging, io);
  const engines = lazyEngines();
  const progress = progressLine(io);
  const found: SimulatedWorkload[] = [];
  try {
    const workloads = simulate({
      ...(await judgingOptions(judging, { io, http, engines: engines.engines })),
      cluster: clusterOptions(judging, client, io),
      ...(flags.kyverno === true && { kyverno: { exceptionNamespace: flags.kyvernoExceptions } }),
      namespaces: flags.allNamespaces === true ? 'all' : (flags.namespace ?? 'opted-in'),
      // Files of policies ask "what if": they stand in place of those of the cluster.
      instead: flags.policy !== undefined && flags.besides !== true,
      onProgress: (done, all) => progress.tell(() => `${done} of ${all} workloads`),
    });
    for await (const workload of workloads) {
      found.push(workload);
      if (flags.output === 'text') {
        progress.end();
        io.stdout(workloadText(workload));
      }
    }
  } finally {
    progress.end();
    await engines.close();
    client.close();
    http.close();
  }
  const denied = found.filter(({ outcome }) => outcome === 'deny').length;
  io.stdout(flags.output === 'json' ? `${JSON.stringify({ workloads: found }, undefined, 2)}\n` : summaryText(found));
  return denied === 0 ? EXIT.accepted : EXIT.rejected;
}

function workloadText({ outcome, namespace, kind, name, images, message, warnings }: SimulatedWorkload): string {
  const lines = [
    `${WORDS[outcome]}  ${namespace}/${kind}/${name}`,
    ...images.map(({ image, pinned }) => `        image   ${image}${pinned === image ? '' : ` (now ${pinned.slice(pinned.indexOf('@') + 1)})`}`),
    ...(message === undefined ? [] : message.split('\n').map((line, i) => `${i === 0 ? '        why     ' : '                '}${line}`)),
    ...warnings.map((line) => `        warns   ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

function summaryText(found: readonly SimulatedWorkload[]): string {
  const count = (outcome: SimulatedWorkload['outcome']) => found.filter((one) => one.outcome === outcome).length;
  if (found.length === 0)
    return 'no workloads: no namespace has the label policy.sigstore.dev/include=true, or nothing is in them; --all-namespaces looks everywhere\n';
  return `${found.length} workloads: ${count('pass')} would pass, ${count('warn')} would pass with a warning, ${count('deny')} would be denied at the next start\n`;
}

const WORDS = { pass: 'pass ', warn: 'warn ', deny: 'DENY ' } as const;
