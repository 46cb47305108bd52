/** The claims of a verified token, read by name; a claim that has to be there is named when it is not. */
import { isJsonObject, type Json, type JsonObject, quote } from '@assay/core';
import { refuseToken } from './refusals.ts';

export class Claims {
  readonly json: JsonObject;

  constructor(json: JsonObject) {
    this.json = json;
  }

  /** A text that is not empty. */
  text(name: string): string {
    return this.optionalText(name) ?? refuseToken(`missing ${name} claim in ID token`);
  }

  /** Undefined for a claim that is absent, null or empty. */
  optionalText(name: string): string | undefined {
    const value = this.json[name] ?? '';
    if (typeof value !== 'string') return refuseToken(`the ${name} claim is not a string`);
    return value === '' ? undefined : value;
  }

  object(name: string): Claims {
    const value = this.json[name] ?? null;
    if (value === null) return refuseToken(`missing ${name} claim in ID token`);
    return isJsonObject(value) ? new Claims(value) : refuseToken(`the ${name} claim is not an object`);
  }

  /** Seconds since 1970; OpenID Connect allows fractions. */
  optionalTime(name: string): Date | undefined {
    const value = this.json[name] ?? null;
    if (value === null) return undefined;
    const time = typeof value === 'number' ? new Date(value * 1000) : undefined;
    return time === undefined || Number.isNaN(time.getTime()) ? refuseToken(`the ${name} claim is not a time`) : time;
  }

  /** One audience or several. */
  get audience(): readonly string[] {
    const value = this.json['aud'] ?? [];
    const list = Array.isArray(value) ? value : [value];
    return list.map((item) => (typeof item === 'string' ? item : refuseToken('the aud claim is not a string')));
  }

  /** Some issuers write the boolean as a string. */
  get isEmailVerified(): boolean {
    const value = this.json['email_verified'] ?? false;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'string' && /^(?:[Tt]rue|[Ff]alse)$/.test(value)) return value.toLowerCase() === 'true';
    return refuseToken('the email_verified claim is not a boolean');
  }

  /** The value below members of members. */
  at(path: readonly string[]): Json | undefined {
    return path.reduce<Json | undefined>((value, name) => (isJsonObject(value) ? value[name] : undefined), this.json);
  }

  /** Texts, numbers and booleans as templates see them; whole numbers have no fraction. Other values have no text. */
  scalars(): Map<string, string> {
    const values = new Map<string, string>();
    for (const [name, value] of Object.entries(this.json)) {
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') values.set(name, String(value));
    }
    return values;
  }
}

/** For messages: what a stranger put where a text belongs may have no text at all, as an object whose `toString` is a number. */
export function textOrType(value: unknown): string {
  return typeof value === 'string' ? value : typeof value;
}

/** For messages. */
export function listText(values: readonly string[]): string {
  return values.length === 0 ? 'nothing' : values.map((value) => `"${quote(value, 80)}"`).join(', ');
}
