/** Putting a signing on record as the flags of cosign have it. */
import type { HttpClientOptions } from '@assay/net';
import type { Record } from '@assay/sign';
import type { Context } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { type RecorderOptions, recorderFor } from '../recording.ts';
import type { Signing } from './signing.ts';
import { USER_AGENT } from './user-agent.ts';

/** Undefined when no service was chosen. */
export function recorderOf(
  { services, trustedRoot, http }: Signing,
  flags: ParsedFlags,
  { io, signal }: Context,
  keep?: RecorderOptions['keep'],
): Record | undefined {
  return recorderFor(services, {
    io,
    http,
    trustedRoot,
    keep,
    userAgent: USER_AGENT,
    timestampTls: timestampTls(flags),
    envelopeKind: envelopeKindOf(flags),
    timestamps: flags.bool('new-bundle-format') ? 'signature' : 'stored envelope',
    signal,
  });
}

export function envelopeKindOf(flags: ParsedFlags): 'dsse' | 'intoto' {
  return flags.text('rekor-entry-type') === 'intoto' ? 'intoto' : 'dsse';
}

/** Group T; undefined when none of it is given. */
function timestampTls(flags: ParsedFlags): HttpClientOptions | undefined {
  const file = (name: string) => (flags.text(name) === '' ? undefined : { file: flags.text(name) });
  const ca = file('timestamp-client-cacert');
  const clientCertificate = file('timestamp-client-cert');
  const clientKey = file('timestamp-client-key');
  const serverName = flags.text('timestamp-server-name');
  if (ca === undefined && clientCertificate === undefined && serverName === '') return undefined;
  return {
    ...(ca !== undefined && { ca }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(clientKey !== undefined && { clientKey }),
    ...(serverName !== '' && { serverName }),
  };
}
