/** Which services put a signing on record: those of the signing configuration, or those that flags name (cosign.md section 5, step 1). */
import type { SigningConfig } from '@assay/trust';
import type { Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { type ChosenServices, chooseServices } from '../recording.ts';

/** Errors: `SIGNING_CONFIG_SERVICES`. */
export function servicesOf(config: SigningConfig | undefined, flags: ParsedFlags, { io }: Context): ChosenServices {
  return config === undefined ? flaggedServices(flags) : chooseServices(config, io.now);
}

function flaggedServices(flags: ParsedFlags): ChosenServices {
  const log = flags.text('rekor-url');
  const authority = flags.text('timestamp-server-url');
  const named = (flag: string, none: string): string => {
    if (flags.text(flag) === '') throw new CommandError(none);
    return flags.text(flag);
  };
  return {
    logs: flags.bool('tlog-upload') && log !== '' ? [{ url: log, majorApiVersion: 1 }] : [],
    timestampAuthorities: authority === '' ? [] : [{ url: authority }],
    certificateAuthority: () => named('fulcio-url', 'no fulcio URLs provided in signing config'),
    oidcIssuer: () => named('oidc-issuer', 'no OIDC provider URLs provided in signing config'),
  };
}
