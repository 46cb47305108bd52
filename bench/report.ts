/** What the benchmark prints. Each target ends in one of three outcomes, and these words stand nowhere else. */
import { cpus, totalmem } from 'node:os';

/** What was reached, or undefined when the tool to compare with is not there. */
export type Measurement = () => Promise<number | undefined> | number | undefined;

export interface Target {
  readonly name: string;
  /** The figure with its unit, e.g. `7.4x`. */
  readonly show: (figure: number) => string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export class Report {
  title(text: string): void {
    console.log(`\n${text}`);
  }

  line(text: string): void {
    console.log(`  ${text}`);
  }

  /** A figure out of reach is measured once more: the machine may have been busy with something else. */
  async target(target: Target, measure: Measurement): Promise<void> {
    const first = await measure();
    if (first === undefined || reached(target, first)) return this.#judge(target, first);
    this.line(`${target.name}: ${target.show(first)}, measuring again`);
    this.#judge(target, await measure());
  }

  #judge(target: Target, figure: number | undefined): void {
    const outcome = figure === undefined ? 'not measured (peer absent)' : reached(target, figure) ? 'met' : 'MISSED';
    this.line(`${target.name}: ${figure === undefined ? '' : `${target.show(figure)} `}(${bound(target)})  ${outcome}`);
  }
}

export function machine(): string {
  const [cpu] = cpus();
  return `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; Node ${process.versions.node}, ${process.platform} ${process.arch}`;
}

function reached({ atLeast = -Infinity, atMost = Infinity }: Target, figure: number): boolean {
  return figure >= atLeast && figure <= atMost;
}

function bound({ atLeast, atMost, show }: Target): string {
  return atLeast === undefined ? `at most ${show(atMost ?? 0)}` : `at least ${show(atLeast)}`;
}

export const times = (figure: number): string => `${figure.toFixed(2)}x`;
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
export const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;
export const perSecond = (figure: number): string => `${figure.toFixed(0)}/s`;
export const milliseconds = (figure: number): string => `${figure.toFixed(0)} ms`;
