/**
 * `npm run fuzz`: mutated inputs against every parser.
 *
 *   node tools/fuzz.ts [--seconds N] [--target NAME] [--seed N]
 *
 * `--seconds` is shared by the targets (default 60). A crash is written to `tools/fuzz/corpus/<target>/`, its seed printed, exit code 1.
 */
import { parseArgs } from 'node:util';
import { keep, keptInputs, vectorInputs } from './fuzz/corpus.ts';
import { fuzz } from './fuzz/engine.ts';
import { TARGETS } from './fuzz/targets.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, target: { type: 'string' }, seed: { type: 'string' } } });
const chosen = TARGETS.filter(({ name }) => values.target === undefined || values.target === name);
if (chosen.length === 0) {
  console.error(`no target ${values.target}; there are ${TARGETS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const millis = (Number(values.seconds) * 1000) / chosen.length;

let crashes = 0;
for (const target of chosen) {
  const end = performance.now() + millis;
  const seeds = [...keptInputs(target.name), ...vectorInputs(target.name)];
  const { executions, crash } = await fuzz(target, seeds, { seed, more: () => performance.now() < end });
  console.log(`${target.name.padEnd(16)} ${String(executions).padStart(9)} executions from ${seeds.length} inputs, seed ${seed}`);
  if (crash === undefined) continue;
  crashes++;
  console.log(`  ${crash.problem}\n  kept as ${keep(crash)}`);
}
process.exitCode = crashes === 0 ? 0 : 1;
