/** Signing without a key, as the flags of group O have it: an ephemeral key, a token for whoever signs, and the authority that certifies. */
import { type IdentityToken, type KeylessSigner, keylessSigner, type Signer } from '@assay/sign';
import { clockFrom } from '../clock.ts';
import type { Context } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { obtainToken, type TokenStep, type TokenWishes } from '../obtain-token.ts';
import type { ChosenServices } from '../recording.ts';
import type { Loader } from './load.ts';
import { agreeToRecord } from './privacy.ts';

export interface KeylessContext {
  readonly flags: ParsedFlags;
  readonly context: Context;
  /** Its client asks for tokens and certificates. */
  readonly loader: Loader;
  readonly services: ChosenServices;
  readonly clientSecret: string | undefined;
}

/** `key` is the one of `--key` with `--issue-certificate`. */
export async function keylessOf(key: Signer | undefined, { flags, context, loader, services, clientSecret }: KeylessContext): Promise<KeylessSigner> {
  const { io, signal } = context;
  if (key === undefined) io.stderr('Generating ephemeral keys...\n');
  const { http } = loader;
  const now = clockFrom(io);
  const obtain = (): Promise<IdentityToken> =>
    wrapped('retrieving ID token', () => obtainToken(wishesOf(flags, context, services, clientSecret), { io, http, now }));
  let held = await obtain();
  return keylessSigner({
    authority: {
      get url() {
        return services.certificateAuthority();
      },
      http,
      signal,
    },
    // A token that has ended is no use for a further certificate.
    token: async () => {
      if (held.expires !== undefined && held.expires <= now()) held = await obtain();
      return held;
    },
    key,
    algorithm: flags.text('signing-algorithm') || undefined,
    now,
  });
}

function wishesOf(flags: ParsedFlags, context: Context, services: ChosenServices, clientSecret: string | undefined): TokenWishes {
  return {
    given: flags.text('identity-token'),
    ambient: flags.bool('oidc-disable-ambient-providers') ? 'disabled' : 'used',
    provider: flags.text('oidc-provider'),
    flow: flags.text('fulcio-auth-flow'),
    issuer: services.oidcIssuer,
    clientId: flags.text('oidc-client-id'),
    clientSecret,
    redirectUrl: flags.text('oidc-redirect-url') || undefined,
    agree: () => agreeToRecord(flags, context),
    show: (line) => context.io.stdout(`${line}\n`),
    within: (step, action) => wrapped(STEPS[step], action),
  };
}

/** Go's words around each step. */
const STEPS: Readonly<Record<TokenStep, string>> = {
  file: 'reading ID token: getting id token',
  ambient: 'reading ID token',
  flow: 'setting auth flow',
  issuer: 'selecting OIDC issuer',
  login: 'authenticating caller',
};
