/** Flags of commands that talk to registries (cosign.md section 1, group R), and access to registries as they say. */
import { TrustError } from '@assay/core';
import type { Credential } from '@assay/net';
import { parseRepository, type RepositoryName } from '@assay/oci';
import type { Context } from '../cobra/command.ts';
import { wrapped } from '../cobra/failure.ts';
import type { FlagSpec, ParsedFlags } from '../cobra/pflag.ts';
import { openRegistryAccess, type RegistryAccess } from '../registry-access.ts';
import { bool, text } from './flags.ts';
import { USER_AGENT } from './user-agent.ts';

/** Group R. */
export const REGISTRY_FLAGS: readonly FlagSpec[] = [
  bool('allow-http-registry', 'speak plain http with registries that do not speak https'),
  bool('allow-insecure-registry', 'speak plain http, and do not check TLS certificates of registries'),
  bool('k8s-keychain', "use the cloud's login helpers too"),
  text('registry-username', 'name to log in to registries with'),
  text('registry-password', 'password to log in to registries with'),
  text('registry-token', 'bearer token for registries'),
  text('registry-cacert', 'PEM file of the authority to trust for registries'),
  text('registry-client-cert', 'PEM file of the client certificate for registries'),
  text('registry-client-key', 'PEM file of its key'),
  text('registry-server-name', 'name that the TLS certificate of registries must have'),
  text('registry-mirrors', 'file that says where requests for a registry really go; names stay (or ASSAY_REGISTRY_MIRRORS)'),
  text('attachment-tag-prefix', 'in front of the tags of signatures and attestations', { deprecated: 'please use OCI referrers' }),
];

/** Opens no socket. */
export function openRegistryOf(flags: ParsedFlags, { io, verbose, signal }: Context): RegistryAccess {
  const file = (name: string) => (flags.text(name) === '' ? undefined : { file: flags.text(name) });
  const ca = file('registry-cacert');
  const clientCertificate = file('registry-client-cert');
  const clientKey = file('registry-client-key');
  const serverName = flags.text('registry-server-name');
  return openRegistryAccess(io, {
    userAgent: USER_AGENT,
    plainHttp: plainHttpOf(flags),
    credential: credentialOf(flags),
    mirrorsFile: flags.text('registry-mirrors') || undefined,
    tls: {
      ...(ca !== undefined && { ca }),
      ...(clientCertificate !== undefined && { clientCertificate }),
      ...(clientKey !== undefined && { clientKey }),
      ...(serverName !== '' && { serverName }),
      ...(flags.bool('allow-insecure-registry') && { insecureSkipVerify: true }),
    },
    ...(verbose && { trace: (line: string) => io.stderr(`${line}\n`) }),
    signal,
  });
}

export function plainHttpOf(flags: ParsedFlags): 'always' | 'private' {
  return flags.bool('allow-http-registry') || flags.bool('allow-insecure-registry') ? 'always' : 'private';
}

function credentialOf(flags: ParsedFlags): Credential | undefined {
  const username = flags.text('registry-username');
  const password = flags.text('registry-password');
  if (username !== '' && password !== '') return { kind: 'basic', username, password };
  const token = flags.text('registry-token');
  return token === '' ? undefined : { kind: 'registry-token', token };
}

/** Where evidence lies besides the image's own repository: COSIGN_REPOSITORY. */
export function sideRepository({ io }: Context): Promise<RepositoryName | undefined> {
  const text = io.env['COSIGN_REPOSITORY'];
  if (!text) return Promise.resolve(undefined);
  return wrapped('parsing $COSIGN_REPOSITORY', () => parseRepository(text));
}

/** `COSIGN_MAX_ATTACHMENT_SIZE`: bytes, also as `20K`, `45MiB`, `1GB`. */
export function maxAttachmentBytes({ io }: Context): number {
  const text = io.env['COSIGN_MAX_ATTACHMENT_SIZE'];
  if (!text) return DEFAULT_ATTACHMENT_BYTES;
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  if (amount !== '' && factor !== undefined) return Math.floor(Number(amount) * factor);
  throw new TrustError('USAGE', `COSIGN_MAX_ATTACHMENT_SIZE: not a size: ${text}`, {
    hint: 'write a number of bytes, or a number with K, M, G, KiB, MiB or GiB',
  });
}

const DEFAULT_ATTACHMENT_BYTES = 134_217_728;
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  ki: 1024,
  kib: 1024,
  mi: 1024 ** 2,
  mib: 1024 ** 2,
  gi: 1024 ** 3,
  gib: 1024 ** 3,
};
