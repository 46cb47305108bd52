/**
 * CEL, as Kubernetes and Kyverno have it. An expression is parsed and checked once, and evaluated as often as somebody wants, by several at a time: functions
 * may be asynchronous, and an evaluation that waits for one holds up no other. Time and memory are bounded by what an evaluation costs (meter.ts), so that no
 * worker is needed.
 */
import { isTrustError, quote, TrustError } from '@assay/core';
import type { Environment } from '@marcbachmann/cel-js';
import { type CelHost, Meter, runEvaluation } from './meter.ts';
import { meterTree, OURS, prepareTree, type TreeFacts } from './tree.ts';
import type { CelValue } from './values.ts';

export interface CelProgram extends TreeFacts {
  readonly text: string;
  /** As far as it is known before: `bool`, `string`, `list`, `dyn` … */
  readonly type: string;
  /** Errors: `POLICY_CEL`, `POLICY_CEL_LIMIT`, and those of the host's functions. */
  evaluate(values: Readonly<Record<string, CelValue>>, options?: CelOptions): Promise<CelValue>;
}

export interface CelOptions {
  readonly host?: CelHost;
  /** Shared by the expressions of one evaluation of a policy. Default: one of `DEFAULT_COST`. */
  readonly meter?: Meter;
}

export type CelResult = 'bool' | 'string' | 'list' | 'any';

/** What is known to be of another type than `result` is refused; what is not known yet is looked at when it is there. Errors: `POLICY_CEL_SYNTAX`. */
export function compileCel(text: string, environment: Environment, result: CelResult = 'any'): CelProgram {
  if (text.length > MAX_TEXT)
    throw new TrustError('POLICY_CEL_SYNTAX', 'the expression is too long', { expected: `at most ${MAX_TEXT} characters`, found: String(text.length) });
  try {
    return compile(text, environment, result);
  } catch (error) {
    throw asTrustError(error, 'POLICY_CEL_SYNTAX');
  }
}

function compile(text: string, environment: Environment, result: CelResult): CelProgram {
  const program = environment.parse(text);
  const facts = prepareTree(program.ast);
  const checked = program.check();
  if (!checked.valid) throw checked.error;
  const type = checked.type ?? 'dyn';
  if (result !== 'any' && type !== result && type !== 'dyn' && !type.startsWith(`${result}<`))
    throw new TrustError('POLICY_CEL_SYNTAX', `output is expected to be of type ${result}`, { found: type });
  meterTree(program.ast);
  return {
    ...facts,
    text,
    type,
    evaluate: async (values, { host = {}, meter = new Meter() } = {}) => {
      try {
        const value = await runEvaluation({ host, meter }, () => program(new Map(Object.entries(values)) as never));
        meter.check();
        return checkedResult(value, result);
      } catch (error) {
        meter.check();
        throw asTrustError(error, 'POLICY_CEL');
      }
    },
  };
}

function checkedResult(value: CelValue, result: CelResult): CelValue {
  const holds =
    result === 'any' || (result === 'list' ? Array.isArray(value) || value instanceof Set : typeof value === (result === 'bool' ? 'boolean' : 'string'));
  if (!holds) throw new TrustError('POLICY_CEL', `output is expected to be of type ${result}`);
  return value;
}

/** What the library throws has a `summary` without the drawing of the place. A stack that is used up is a limit like any other. */
function asTrustError(error: unknown, code: 'POLICY_CEL' | 'POLICY_CEL_SYNTAX'): TrustError {
  if (isTrustError(error)) return error;
  if (error instanceof RangeError && /call stack|string length|array length/i.test(error.message))
    return new TrustError('POLICY_CEL_LIMIT', 'the expression is nested too deeply, or makes too much', { cause: error });
  if (!(error instanceof Error)) throw error;
  const summary = 'summary' in error && typeof error.summary === 'string' ? error.summary : error.message;
  return new TrustError(code, quote(asGoSays(summary.replaceAll(OURS, '')), 1000), { cause: error });
}

/** `No such key` is `no such key` elsewhere. */
function asGoSays(message: string): string {
  const first = message.split(' ', 1)[0] ?? '';
  return /^[A-Z][a-z]+$/.test(first) ? first.toLowerCase() + message.slice(first.length) : message;
}

const MAX_TEXT = 65_536;
