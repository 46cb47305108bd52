/**
 * Who is at the page. Without `accounts.json` whoever states an address is believed, and the page says so; with it, a password is needed.
 */
import type { Clock } from '../service.ts';
import type { Disk } from '../store/disk.ts';
import { accountName, passwordMatches, readAccounts } from './accounts.ts';
import { AttemptLimit } from './attempt-limit.ts';
import { isEmailAddress } from './email-address.ts';
import type { Parameters } from './parameters.ts';

export type LoginOutcome = { readonly email: string } | LoginProblem;

/** Shown on the page, which can be sent again. */
export interface LoginProblem {
  readonly status: 400 | 403 | 429;
  readonly problem: string;
}

export interface Login {
  needsPassword(): Promise<boolean>;
  /** Of `email` and `password` in the form. Errors: `STACK_DATA` when the accounts cannot be read. */
  attempt(form: Parameters): Promise<LoginOutcome>;
}

/** @param options.onRefused told of every wrong password and every attempt too many */
export function openLogin({ disk, clock, onRefused }: { disk: Disk; clock: Clock; onRefused: () => void }): Login {
  const limit = new AttemptLimit({ attempts: 5, windowMs: 60_000, names: 50, clock });
  const refuse = (problem: LoginProblem): LoginProblem => {
    onRefused();
    return problem;
  };
  return {
    needsPassword: async () => (await readAccounts(disk)) !== undefined,
    attempt: async (form) => {
      const email = form.optional('email')?.trim() ?? '';
      if (!isEmailAddress(email)) return { status: 400, problem: 'Enter an e-mail address such as name@example.com.' };
      const accounts = await readAccounts(disk);
      if (accounts === undefined) return { email };
      const name = accountName(email);
      if (!limit.begin(name)) return refuse(TOO_MANY);
      const account = accounts.get(name);
      const matches = await passwordMatches(account, (form.optional('password') ?? '').slice(0, MAX_PASSWORD));
      if (!matches || account === undefined) return refuse(WRONG);
      limit.succeeded(name);
      // As the account spells it: certificates name one person one way.
      return { email: account.email };
    },
  };
}

export const TOO_MANY: LoginProblem = { status: 429, problem: 'Too many attempts. Wait a minute, then try again.' };
const WRONG: LoginProblem = { status: 403, problem: 'The e-mail address or the password is wrong.' };
const MAX_PASSWORD = 1024;
