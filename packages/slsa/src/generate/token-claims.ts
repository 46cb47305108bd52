/** Claims of a job's identity token, read strictly: what is missing or of another form is not guessed. */
import { isJsonObject, type JsonObject, quote, TrustError } from '@assay/core';

/** What is read of an identity token. */
export interface JobToken {
  readonly issuer: string;
  readonly claims: JsonObject;
}

export class TokenClaims {
  readonly #claims: JsonObject;
  readonly #platform: string;

  constructor({ claims }: JobToken, platform: string) {
    this.#claims = isJsonObject(claims) ? claims : {};
    this.#platform = platform;
  }

  /** Errors: `PROVENANCE_ENVIRONMENT`. */
  text(name: string, form: RegExp = ANY_TEXT): string {
    const value = this.optionalText(name) ?? this.#refuse(`has no claim ${name}`);
    return form.test(value) ? value : this.#refuse(`has a claim ${name} of another form`, value);
  }

  /** Undefined when absent, null or empty. Errors: `PROVENANCE_ENVIRONMENT` when it is no text. */
  optionalText(name: string): string | undefined {
    const value = this.#claims[name] ?? '';
    if (typeof value !== 'string') return this.#refuse(`has a claim ${name} that is no text`);
    return value === '' ? undefined : value;
  }

  /** A whole number, as text or as a number. Errors: `PROVENANCE_ENVIRONMENT`. */
  number(name: string): string {
    const value = this.#claims[name];
    const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
    return typeof text === 'string' && DIGITS.test(text) ? text : this.#refuse(`has no claim ${name}, or one that is no number`);
  }

  #refuse(problem: string, found?: string): never {
    throw new TrustError('PROVENANCE_ENVIRONMENT', `the identity token ${problem}: it is not one of a job on ${this.#platform}`, {
      ...(found !== undefined && { found: quote(found) }),
    });
  }
}

/** A SHA-1 or SHA-256 object name. */
export const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
export const DIGITS = /^\d{1,20}$/;
const ANY_TEXT = /^\P{Cc}+$/u;
