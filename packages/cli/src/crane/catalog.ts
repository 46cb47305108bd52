import { parseFields, quote } from '@assay/core';
import { type Connection, canonicalRegistry, nextPage } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { bool, refuseValues } from './flags.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'catalog REGISTRY [flags]',
  examples: '  crane catalog registry.example.com',
  flags: [bool('full-ref', 'print whole references')],
  arity: exactly(1),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [registry = ''] = flags.positionals;
  if (!HOST.test(registry))
    throw new CommandError(`parsing reg ${JSON.stringify(registry)}: registries must be valid RFC 3986 URI authorities: ${quote(registry)}`);
  const name = canonicalRegistry(registry);
  await withSession(flags, context, async (session) => {
    const prefix = flags.bool('full-ref') ? `${registry}/` : '';
    for await (const page of pages(session.connection(name), name)) context.io.stdout(page.map((repository) => `${prefix}${quote(repository)}\n`).join(''));
  });
}

/** `GET /v2/_catalog`, page by page. */
async function* pages(connection: Connection, name: string): AsyncGenerator<string[], void, void> {
  let path: string | URL | undefined = '_catalog?n=1000';
  while (path !== undefined) {
    const ask: Parameters<Connection['request']>[0] = { method: 'GET', path, scopes: [], maxBytes: MAX_PAGE_BYTES };
    const response = await wrapped(`reading tags for ${name}`, async () => connection.expect(ask, await connection.request(ask), 200));
    const { json } = parseFields(response.body, { what: `catalog of ${name}`, parse: 'OCI_MANIFEST', shape: 'OCI_MANIFEST' });
    yield (Array.isArray(json['repositories']) ? json['repositories'] : []).filter((repository) => typeof repository === 'string');
    path = nextPage(response);
  }
}

const HOST = /^[A-Za-z0-9._[\]:-]+$/;
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
