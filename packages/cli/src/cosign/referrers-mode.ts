/** `--registry-referrers-mode`: `oci-1-1` has to be unlocked (cosign.md section 0.3). */
import { CommandError } from '../cobra/failure.ts';
import type { FlagSpec, ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { text } from './flags.ts';

export const REFERRERS_MODE_FLAG: FlagSpec = text('registry-referrers-mode', 'whether referrers are used: legacy or oci-1-1');

export type ReferrersMode = 'default' | 'legacy' | 'oci-1-1';

export function readReferrersMode(flags: ParsedFlags, { env }: Io): ReferrersMode {
  const mode = flags.text('registry-referrers-mode');
  if (mode === '') return 'default';
  const refuse = (problem: string): never => {
    throw new CommandError(`invalid argument ${JSON.stringify(mode)} for "--registry-referrers-mode" flag: ${problem}`);
  };
  if (mode !== 'legacy' && mode !== 'oci-1-1') return refuse('must be one of "legacy", "oci-1-1"');
  // Two spaces, as cosign has it.
  if (mode === 'oci-1-1' && !/^(?:1|t|true)$/i.test(env['COSIGN_EXPERIMENTAL'] ?? ''))
    return refuse('in order to use  mode "oci-1-1", you must set COSIGN_EXPERIMENTAL=1');
  return mode;
}
