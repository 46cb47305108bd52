/** Registries as helm's flags and files have them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Credential, createKeychain } from '@assay/net';
import type { RepositoryClient, RepositoryName } from '@assay/oci';
import type { Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { openRegistryAccess } from '../registry-access.ts';

/** Runs `action` with one repository, and ends the connections after it. */
export async function withRepository<T>(
  name: RepositoryName,
  flags: ParsedFlags,
  context: Context,
  action: (client: RepositoryClient) => Promise<T>,
): Promise<T> {
  const { io } = context;
  const access = openRegistryAccess(io, {
    userAgent: 'Helm/3.22.0 (assay)',
    plainHttp: flags.bool('plain-http') ? 'always' : 'never',
    credential: flagCredential(flags) ?? (await helmLogin(name.registry, flags, io)),
    tls: tlsOptions(flags),
    signal: context.signal,
    ...(flags.bool('debug') && { trace: (line: string) => io.stderr(`${line}\n`) }),
  });
  try {
    return await action(access.registries.repository(name));
  } finally {
    access.close();
  }
}

function flagCredential(flags: ParsedFlags): Credential | undefined {
  const username = flags.text('username');
  const password = flags.text('password');
  return username === '' || password === '' ? undefined : { kind: 'basic', username, password };
}

/** helm keeps logins of its own, which come before Docker's. */
async function helmLogin(registry: string, flags: ParsedFlags, { env }: Io): Promise<Credential | undefined> {
  const home = env['HOME'] ?? '';
  const configHome = env['HELM_CONFIG_HOME'] || join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'helm');
  const file = flags.text('registry-config') || env['HELM_REGISTRY_CONFIG'] || join(configHome, 'registry', 'config.json');
  if (!existsSync(file)) return undefined;
  // A keychain of this file alone: below a file there is no config.json of Docker's.
  return createKeychain({ env: { ...env, DOCKER_CONFIG: file, REGISTRY_AUTH_FILE: file }, home }).credentialsFor(registry);
}

function tlsOptions(flags: ParsedFlags) {
  const [ca, certificate, key] = ['ca-file', 'cert-file', 'key-file'].map((name) => flags.text(name)) as [string, string, string];
  if ((certificate === '') !== (key === '')) throw new CommandError('--cert-file and --key-file belong together: give both or none');
  return {
    ...(ca !== '' && { ca: { file: ca } }),
    ...(certificate !== '' && { clientCertificate: { file: certificate }, clientKey: { file: key } }),
    insecureSkipVerify: flags.bool('insecure-skip-tls-verify'),
  };
}
