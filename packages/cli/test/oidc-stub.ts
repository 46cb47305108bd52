/** An OpenID Connect issuer in memory, as far as logging in needs one: discovery, keys, the browser's page, codes and the device flow. */
import { createHash, createPublicKey } from 'node:crypto';
import { type Handler, personToken, type Server, serve, tokenKey } from '@assay/testkit';

export interface OidcStub extends Server {
  /** What a browser does with the page: the person logs in, and it goes where it is sent. */
  visit(url: string): Promise<void>;
  /** The code that a person who opened the link elsewhere is shown. */
  codeFor(url: string): string;
}

export async function serveOidc(now: () => Date): Promise<OidcStub> {
  const logins = new Map<string, { nonce: string | null; challenge: string | null }>();
  let url = '';
  const handler: Handler = async (request) => {
    const { pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case 'GET /.well-known/openid-configuration':
        return Response.json({
          issuer: url,
          authorization_endpoint: `${url}/auth`,
          token_endpoint: `${url}/token`,
          device_authorization_endpoint: `${url}/device`,
          jwks_uri: `${url}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          code_challenge_methods_supported: ['S256'],
        });
      case 'GET /keys':
        return Response.json({ keys: [{ ...createPublicKey(tokenKey().publicPem).export({ format: 'jwk' }), kid: 'testkit', alg: 'RS256', use: 'sig' }] });
      case 'POST /device':
        return Response.json({ device_code: 'device', user_code: 'ABCD-EFGH', verification_uri: `${url}/activate`, interval: 1, expires_in: 300 });
      case 'POST /token':
        return token(new URLSearchParams(await request.text()));
      default:
        return new Response('not found', { status: 404 });
    }
  };

  function token(form: URLSearchParams): Response {
    if (form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:device_code') {
      return issue({});
    }
    if (form.get('grant_type') === 'client_credentials') {
      return form.get('client_secret') === 'hunter2' ? issue({}) : Response.json({ error: 'invalid_client' }, { status: 401 });
    }
    const login = logins.get(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (login === undefined || login.challenge !== challenge) return Response.json({ error: 'invalid_grant' }, { status: 400 });
    return issue({ nonce: login.nonce });
  }

  function issue(claims: object): Response {
    return Response.json({ access_token: 'access', token_type: 'Bearer', expires_in: 60, id_token: personToken({ iss: url, ...claims }, { now: now() }) });
  }

  const server = await serve(handler);
  url = server.url;
  const logIn = (page: string): { query: URLSearchParams; code: string } => {
    const query = new URL(page).searchParams;
    const code = `code-${logins.size}`;
    logins.set(code, { nonce: query.get('nonce'), challenge: query.get('code_challenge') });
    return { query, code };
  };
  return {
    ...server,
    async visit(page) {
      const { query, code } = logIn(page);
      const back = new URL(query.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', query.get('state') ?? '');
      await fetch(back);
    },
    codeFor: (page) => logIn(page).code,
  };
}
