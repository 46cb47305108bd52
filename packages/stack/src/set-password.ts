/** Accounts of the login page, kept with the issuer's own files; a stack that runs sees them at once. */
import { requireInstance } from './instance.ts';
import { addAccount } from './oidc/index.ts';
import { openDisk } from './store/disk.ts';

/** Adds an account, or changes its password. Errors: `STACK_DATA`, `USAGE` for a bad address or a short password. */
export async function setPassword(directory: string, account: { readonly email: string; readonly password: string }): Promise<void> {
  const disk = openDisk(directory);
  await requireInstance(disk);
  await addAccount(disk.at('oidc'), account);
}
