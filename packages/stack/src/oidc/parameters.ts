/** Parameters of OAuth, from a query or a form (RFC 6749 section 3.1): none twice, an empty one is an absent one, unknown ones are ignored. */
import { readText } from '../http/body.ts';
import { OAuthError } from './oauth-error.ts';

export class Parameters {
  readonly #values: URLSearchParams;

  constructor(values: URLSearchParams) {
    this.#values = values;
  }

  /** Throws `OAuthError` for a parameter that is there twice: two readers might choose differently. */
  optional(name: string): string | undefined {
    const values = this.#values.getAll(name);
    if (values.length > 1) throw new OAuthError('invalid_request', `${name} is given more than once`);
    return values[0] === '' ? undefined : values[0];
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing`);
    return value;
  }

  /** As `optional`, for what is kept or sent back: none too long for that. */
  short(name: string): string | undefined {
    const value = this.optional(name);
    if (value !== undefined && value.length > MAX_SHORT) throw new OAuthError('invalid_request', `${name} is longer than ${MAX_SHORT} characters`);
    return value;
  }

  /** Go's clients send `scope` twice with the device grant, so all of them count. */
  requireOpenidScope(): void {
    const scopes = this.#values.getAll('scope').flatMap((scope) => scope.split(' '));
    if (!scopes.includes('openid')) throw new OAuthError('invalid_scope', 'scope must contain openid');
  }
}

/** Throws `Refusal` or `OAuthError`: 415 for another content type, 413 over the cap. */
export async function readForm(request: Request): Promise<Parameters> {
  const [type = ''] = (request.headers.get('Content-Type') ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== FORM) throw new OAuthError('invalid_request', `the content type must be ${FORM}`, { status: 415 });
  return new Parameters(new URLSearchParams(await readText(request, MAX_FORM_BYTES)));
}

export function queryOf(request: Request): Parameters {
  return new Parameters(new URL(request.url).searchParams);
}

const FORM = 'application/x-www-form-urlencoded';
const MAX_FORM_BYTES = 64 * 1024;
const MAX_SHORT = 2048;
