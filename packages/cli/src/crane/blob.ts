import type { Connection, RepositoryName } from '@assay/oci';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { refuseValues } from './flags.ts';
import { readReference } from './reference.ts';
import { withSession } from './session.ts';

export const command: Command = {
  usage: 'blob BLOB [flags]',
  examples: '  crane blob ghcr.io/owner/app@sha256:4c1d20cdee96111c8acf1858b62655a37ce81ae48648993542b7ac363ac5c0e5 > layer.tar.gz',
  flags: [],
  arity: exactly(1),
  refuse: refuseValues,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const [name = ''] = flags.positionals;
  const reference = readReference(name, `pulling layer ${name}: `);
  const { digest } = reference;
  if (digest === undefined) {
    throw new CommandError(`pulling layer ${name}: a digest must contain exactly one '@' separator (e.g. registry/repository@digest) saw: ${name}`);
  }
  await withSession(flags, context, (session) =>
    wrapped(`fetching blob ${name}`, async () => {
      const client = session.repository(reference);
      const size = await sizeOf(reference, digest, client.connection);
      for await (const chunk of client.blob({ mediaType: OCTETS, digest, size })) context.io.stdout(chunk);
    }),
  );
}

/** Nothing else tells the size of a blob that is asked for by digest alone. Of one that is not there it is 0: the request for it will say why. */
async function sizeOf({ repository }: RepositoryName, digest: string, connection: Connection): Promise<number> {
  const { status, headers } = await connection.request({ method: 'HEAD', path: `${repository}/blobs/${digest}`, scopes: [{ repository, actions: ['pull'] }] });
  const size = Number(headers['content-length'] ?? Number.NaN);
  if (status === 200 && !Number.isSafeInteger(size)) throw new CommandError('the registry does not say how large it is');
  return status === 200 ? size : 0;
}

const OCTETS = 'application/octet-stream';
