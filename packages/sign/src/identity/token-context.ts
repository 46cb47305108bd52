/** What every way to an identity token needs from its caller. */
import type { Environment, HttpClient } from '@assay/net';

export interface TokenContext {
  readonly environment: Environment;
  readonly http: HttpClient;
  /** Whom an ambient token is for. Default `sigstore`. */
  readonly audience?: string;
  /** Told what a person at the terminal should see, one text at a time, without a line end. Never holds a secret. */
  readonly onNotice?: (text: string) => void;
  /** Default: the clock of this machine. */
  readonly now?: () => Date;
  /** Waits between attempts. Default: timers. */
  readonly sleep?: (ms: number) => Promise<void>;
  /** Where ambient tokens are, when not in the usual places. */
  readonly places?: Partial<Places>;
}

export interface Places {
  /** A file with a token. */
  readonly tokenFile: string;
  /** The socket of the SPIFFE Workload API when the environment names none. */
  readonly spiffeSocket: string;
  /** What the firmware calls this machine. */
  readonly productName: string;
  /** Base URLs of Google's IAM credentials and OAuth services. */
  readonly googleIam: string;
  readonly googleOauth: string;
}

export function placesOf({ places }: TokenContext): Places {
  return { ...DEFAULT_PLACES, ...places };
}

export function audienceOf({ audience = 'sigstore' }: TokenContext): string {
  return audience;
}

export function nowOf({ now }: TokenContext): Date {
  return now?.() ?? new Date();
}

export function sleepFor({ sleep }: TokenContext, ms: number): Promise<void> {
  return sleep?.(ms) ?? new Promise((resolve) => setTimeout(resolve, ms));
}

const DEFAULT_PLACES: Places = {
  tokenFile: '/var/run/sigstore/cosign/oidc-token',
  spiffeSocket: '/tmp/spire-agent/public/api.sock',
  productName: '/sys/class/dmi/id/product_name',
  googleIam: 'https://iamcredentials.googleapis.com',
  googleOauth: 'https://oauth2.googleapis.com',
};
