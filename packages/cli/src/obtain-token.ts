/**
 * An identity token, from wherever there is one (cosign.md section 5, step 3): given with a flag, at hand on this machine, or after a login.
 *
 *   a token, or a file that holds one  →  ambient providers  →  device flow where nobody watches, else the browser
 */
import { quote, TrustError } from '@assay/core';
import type { HttpClient } from '@assay/net';
import { readFileCapped } from '@assay/net/file';
import { type AmbientProviderName, ambientToken, type IdentityToken, parseIdentityToken, type TokenContext } from '@assay/sign';
import type { Io } from './io.ts';
import { readLine } from './read-line.ts';

export interface TokenWishes {
  /** A token, or the path of a file; empty: none. */
  readonly given: string;
  readonly ambient: 'used' | 'disabled';
  /** The one ambient provider to ask; empty: whichever there is. */
  readonly provider: string;
  /** `normal`, `device` or `client_credentials`; empty: whichever fits. */
  readonly flow: string;
  /** Whom to log in at. */
  readonly issuer: () => string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly redirectUrl: string | undefined;
  /** Tells a person what a login means before the browser opens. Rejects when that is not wanted. */
  readonly agree: () => Promise<void>;
  /** Where the code of the device flow is shown. */
  readonly show: (line: string) => void;
  /** Puts the caller's words around what goes wrong in a step. */
  readonly within: <T>(step: TokenStep, action: () => Promise<T> | T) => Promise<T>;
}

export type TokenStep = 'file' | 'ambient' | 'flow' | 'issuer' | 'login';

export interface TokenWorld {
  readonly io: Io;
  readonly http: HttpClient;
  readonly now: () => Date;
}

/** Errors: `TOKEN_…`, `OIDC_…`, `FILE_…`, `USAGE` for an unknown flow, `NET_…`. */
export async function obtainToken(wishes: TokenWishes, world: TokenWorld): Promise<IdentityToken> {
  const { given, ambient, provider, within } = wishes;
  const context = contextOf(world);
  if (given !== '') return within('file', () => givenToken(given, world.now()));
  // The name is checked where the providers are known.
  const found = ambient === 'disabled' ? undefined : await within('ambient', () => ambientToken(context, (provider || undefined) as AmbientProviderName));
  return found ?? logIn(wishes, context, world);
}

/** One that is given or at hand, for `audience`; undefined where only a login would give one. Errors: `TOKEN_…`, `FILE_…`, `NET_…`. */
export async function tokenAtHand(
  { given, audience }: { readonly given: string; readonly audience: string },
  world: TokenWorld,
): Promise<IdentityToken | undefined> {
  return given === '' ? ambientToken({ ...contextOf(world), audience }) : givenToken(given, world.now());
}

function contextOf({ io, http, now }: TokenWorld): TokenContext {
  return { environment: io.env, http, now, onNotice: (text) => io.stderr(`${text}\n`) };
}

/** What looks like a token is one: as the path of a file that is not there, it would end up in a message. */
function givenToken(given: string, now: Date): IdentityToken {
  const raw = TOKEN.test(given.trim()) ? given : new TextDecoder().decode(readFileCapped(given, MAX_TOKEN_BYTES));
  return parseIdentityToken(raw, { now });
}

async function logIn(wishes: TokenWishes, context: TokenContext, { io }: TokenWorld): Promise<IdentityToken> {
  const { within, show } = wishes;
  const flow = await within('flow', () => chooseFlow(wishes, io));
  const issuer = await within('issuer', wishes.issuer);
  const client = { issuer, clientId: wishes.clientId, clientSecret: wishes.clientSecret, redirectUrl: wishes.redirectUrl };
  return within('login', async () => {
    const { browserToken, clientCredentialsToken, deviceToken } = await import('@assay/sign');
    switch (flow) {
      case 'normal':
        return browserToken(context, { ...client, openBrowser: (url) => openBrowser(url, io), readCode: () => askForCode(io) });
      case 'device':
        return received(await deviceToken(context, { ...client, onCode: (code) => showCode(code, show) }));
      case 'client_credentials':
        return received(await clientCredentialsToken(context, { ...client, clientSecret: wishes.clientSecret ?? '' }));
      default:
        throw new TrustError('USAGE', `unsupported oauth flow: ${quote(flow)}`, { hint: 'normal, device and client_credentials are known' });
    }
  });

  function received(token: IdentityToken): IdentityToken {
    show('Token received!');
    return token;
  }
}

async function chooseFlow({ flow, agree }: TokenWishes, io: Io): Promise<string> {
  if (flow !== '') return flow;
  if (io.interactive === true) {
    await agree();
    return 'normal';
  }
  io.stderr('Non-interactive mode detected, using device flow.\n');
  return 'device';
}

function showCode(
  { userCode, verificationUri, expiresIn }: { userCode: string; verificationUri: string; expiresIn: number },
  show: (line: string) => void,
): void {
  show(`Enter the verification code ${userCode} in your browser at: ${verificationUri}`);
  show(`Code will be valid for ${expiresIn} seconds`);
}

async function openBrowser(url: string, io: Io): Promise<void> {
  if (io.openBrowser === undefined) throw new Error('no browser here');
  await io.openBrowser(url);
}

function askForCode(io: Io): Promise<string> {
  io.stderr('Enter verification code: ');
  return readLine(io);
}

/** The base64url of `{"`, with which the header of every token begins. */
const TOKEN = /^eyJ[\w-]*\./;
const MAX_TOKEN_BYTES = 64 * 1024;
