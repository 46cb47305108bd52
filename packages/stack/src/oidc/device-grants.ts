/**
 * Logins of programs that have no browser (RFC 8628): the program holds a device code and asks again and again, a person enters the user code on
 * a page and decides.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../service.ts';
import { OAuthError } from './oauth-error.ts';
import { ShortLived } from './short-lived.ts';

export interface DeviceAnswer {
  readonly device_code: string;
  readonly user_code: string;
  readonly interval: number;
  readonly expires_in: number;
}

export interface DeviceGrant {
  readonly challenge: string | undefined;
  readonly startedMs: number;
  lastPollMs?: number;
  decision?: 'denied' | { readonly email: string };
}

export class DeviceGrants {
  readonly #clock: Clock;
  readonly #byDeviceCode: ShortLived<DeviceGrant>;
  readonly #byUserCode: ShortLived<DeviceGrant>;

  constructor(clock: Clock) {
    this.#clock = clock;
    // Known for a while longer, so that a program which asks late learns that it is late.
    this.#byDeviceCode = new ShortLived({ lifeMs: 2 * LIFE_MS, capacity: CAPACITY, clock });
    this.#byUserCode = new ShortLived({ lifeMs: LIFE_MS, capacity: CAPACITY, clock });
  }

  /** Throws `OAuthError` 503 when too many are under way. */
  begin(challenge: string | undefined): DeviceAnswer {
    const grant: DeviceGrant = { challenge, startedMs: this.#clock().getTime() };
    const deviceCode = randomBytes(32).toString('base64url');
    const userCode = this.#newUserCode();
    if (!this.#byDeviceCode.add(deviceCode, grant) || !this.#byUserCode.add(userCode, grant)) {
      throw new OAuthError('temporarily_unavailable', 'too many logins are under way', { status: 503, headers: { 'Retry-After': '60' } });
    }
    const shown = `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
    return { device_code: deviceCode, user_code: shown, interval: INTERVAL_MS / 1000, expires_in: LIFE_MS / 1000 };
  }

  /** As a person types it: any case, with whatever between the letters. */
  awaiting(userCode: string): DeviceGrant | undefined {
    return this.#byUserCode.get(lettersOf(userCode));
  }

  decide(userCode: string, decision: NonNullable<DeviceGrant['decision']>): void {
    const grant = this.#byUserCode.take(lettersOf(userCode));
    if (grant !== undefined) grant.decision = decision;
  }

  /**
   * Who logged in, once. `check` sees the grant first, and throws when it is not for the one who asks. Throws `OAuthError` of RFC 8628 section 3.5;
   * `invalid_grant` for a code that is unknown or used.
   */
  redeem(deviceCode: string, check: (grant: DeviceGrant) => void): { email: string } {
    const grant = this.#byDeviceCode.get(deviceCode);
    if (grant === undefined) throw new OAuthError('invalid_grant', 'device_code is unknown, or was used');
    check(grant);
    if (grant.decision === 'denied') throw new OAuthError('access_denied', 'the login was denied');
    if (grant.decision === undefined) throw this.#notYet(grant);
    this.#byDeviceCode.take(deviceCode);
    return grant.decision;
  }

  clear(): void {
    this.#byDeviceCode.clear();
    this.#byUserCode.clear();
  }

  #notYet(grant: DeviceGrant): OAuthError {
    const nowMs = this.#clock().getTime();
    const sinceLastMs = nowMs - (grant.lastPollMs ?? Number.NEGATIVE_INFINITY);
    grant.lastPollMs = nowMs;
    if (Math.abs(nowMs - grant.startedMs) >= LIFE_MS) return new OAuthError('expired_token', 'nobody logged in in time');
    if (sinceLastMs >= 0 && sinceLastMs < TOO_SOON_MS) return new OAuthError('slow_down', `ask every ${INTERVAL_MS / 1000} seconds`);
    return new OAuthError('authorization_pending', 'nobody has logged in yet');
  }

  #newUserCode(): string {
    const letters = Array.from({ length: 8 }, () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)]);
    return letters.join('');
  }
}

function lettersOf(userCode: string): string {
  return userCode.toUpperCase().replace(/[^A-Z]/g, '');
}

/** RFC 8628 section 6.1: no vowels, so no words; 34 bits, with few guesses allowed. */
const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LIFE_MS = 600_000;
const INTERVAL_MS = 2000;
/** Less than the interval: requests do not travel evenly, and a client on time must not be told that it is early. */
const TOO_SOON_MS = 1000;
const CAPACITY = 1000;
