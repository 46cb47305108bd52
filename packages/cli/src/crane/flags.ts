/** Flags that every command of crane has, and how values are refused that have a form of their own. */
import { isTrustError } from '@assay/core';
import { parsePlatform } from '@assay/oci';
import { CommandError } from '../cobra/failure.ts';
import { bool, list, text } from '../cobra/flag.ts';
import type { FlagSpec, ParsedFlags } from '../cobra/pflag.ts';

export { bool, list, text };

export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  bool('verbose', 'show the requests that are made', { short: 'v' }),
  bool('insecure', 'speak plain http where https is not spoken, and do not check TLS certificates'),
  bool('allow-nondistributable-artifacts', 'push layers too that registries do not hold (foreign layers)'),
  text('platform', 'of an index, the image for this platform: os/arch[/variant][:osversion]', { default: 'all' }),
];

/** `refuse` of a command: the platform, then positionals where none are allowed, as cobra has it. */
export function refuseValues(flags: ParsedFlags): void {
  const platform = flags.text('platform');
  refuseValue(platform, '--platform', () => parsePlatform(platform));
}

export const refuseArguments = (command: string) => (flags: ParsedFlags) => {
  refuseValues(flags);
  const [first] = flags.positionals;
  if (first !== undefined) throw new CommandError(`unknown command ${JSON.stringify(first)} for "crane ${command}"`);
};

/** What `parse` does not take is told as pflag tells it. `shown` is the flag as there, `-l, --label`. */
export function refuseValue<T>(value: string, shown: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isTrustError(error) && !(error instanceof CommandError)) throw error;
    throw new CommandError(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${error.message}`, 1, { cause: error });
  }
}
