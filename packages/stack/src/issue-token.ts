/** Identity tokens of the local issuer, for scripts and tests. Whoever can read the folder can make them, and nobody else: no service does. */
import { TrustError } from '@assay/core';
import { current, requireInstance } from './instance.ts';
import { PATHS } from './names.ts';
import { type Identity, mintToken, oidcKey } from './oidc/index.ts';
import { openDisk } from './store/disk.ts';
import { openKeys } from './store/keys.ts';

export interface IssueTokenOptions {
  readonly now: Date;
  readonly passphrase?: string | undefined;
  /** Default `sigstore`. */
  readonly audience?: string | undefined;
  /** 60 to 600; default 300. */
  readonly lifetimeSeconds?: number | undefined;
}

/** Whether the stack runs or not. Errors: `STACK_DATA`, `USAGE` for an identity that the real issuer could not name. */
export async function issueToken(directory: string, identity: Identity, { now, passphrase, audience, lifetimeSeconds }: IssueTokenOptions): Promise<string> {
  const disk = openDisk(directory);
  const instance = await requireInstance(disk);
  const key = await openKeys(disk.at('keys'), passphrase).load(`oidc-${current(instance, 'oidc').number}`);
  if (key.asymmetricKeyType !== 'rsa') throw new TrustError('STACK_DATA', 'the key of the issuer is not RSA');
  return mintToken(await oidcKey(key), identity, {
    baseUrl: instance.origin + PATHS.oidc,
    now,
    ...(audience !== undefined && { audience }),
    ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
  });
}
