/** What whoever makes or receives a kit demands of the things in it: the flags of `assay verify` that need no network. */
import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BuildFlags } from '../build/flags.ts';
import * as shared from '../options.ts';
import type { SignerFlags } from '../signer-flags.ts';

export interface DemandFlags extends SignerFlags, Omit<BuildFlags, 'rekorUrl' | 'saveBundle'> {
  readonly policy?: string;
  readonly trustRoot?: readonly string[];
  readonly trustedRoot?: string;
  readonly type?: string;
  readonly annotation?: Readonly<Record<string, string>>;
  readonly logThreshold?: number;
  readonly sctThreshold?: number;
  readonly timestampThreshold?: number;
}

/** What the receiver knows of the kit from elsewhere. */
export interface PinFlags {
  readonly kitDigest?: string;
  readonly maxRootAge?: number;
}

export function demandOptions(command: Command): Command {
  command.option('--policy <file>', 'a policy of any dialect: what must be shown').addOption(shared.trustRootOfPolicy());
  shared.whoSigned(command);
  shared.howBuilt(command);
  command
    .option('--type <type>', 'the predicate type that an attestation must have')
    .option('-a, --annotation <key=value>', 'annotation that must be signed; may be repeated', shared.pairs);
  shared.thresholds(command);
  return command;
}

export function pinOptions(command: Command): Command {
  return command
    .option('--trusted-root <file>', 'your trusted_root.json, instead of the one in the kit (or ASSAY_TRUST)')
    .option('--kit-digest <digest>', 'sha256:HEX of the whole file, as export printed it: vouches for its trusted root and policy')
    .addOption(new Option('--max-root-age <days>', 'refuse a trusted root of the kit that is older').argParser(days));
}

function days(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('a number of days was expected');
  return Number(text);
}

/** Whether anything was said of who must have signed. */
export function saysWho(flags: DemandFlags): boolean {
  return [flags.policy, flags.identity, flags.identityRegexp, flags.issuer, flags.issuerRegexp, flags.key, flags.source].some((one) => one !== undefined);
}

/** In words, for those who receive the kit. */
export function demandText(flags: DemandFlags): string {
  const { key } = flags;
  const words = { key: key === undefined ? undefined : basename(key), identity: flags.identity, 'identity pattern': flags.identityRegexp };
  const more = { issuer: flags.issuer, 'issuer pattern': flags.issuerRegexp, source: flags.source, tag: flags.tag, branch: flags.branch, commit: flags.commit };
  const all = { ...words, ...more, builder: flags.builder, trigger: flags.trigger, type: flags.type };
  return Object.entries(all)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
    .join(', ');
}
