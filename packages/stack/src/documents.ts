/**
 * The files that the operator and the clients get, in the folder of the stack, written when it is ready:
 *
 *   trusted_root.json  signing_config.json  client_trust_config.json  root.json (of TUF)  endpoints.json  env.sh
 */
import { utf8 } from '@assay/core';
import { jsonFile } from './json-file.ts';
import { clientTrustConfigJson, type Published, signingConfigJson, trustedRootJson } from './published.ts';
import type { Disk } from './store/disk.ts';

/** What `endpoints.json` says: base URLs, the timestamp endpoint in full, the registry as image references name it. */
export interface Endpoints {
  readonly origin: string;
  readonly oidc?: string | undefined;
  readonly fulcio?: string | undefined;
  readonly ctlog?: string | undefined;
  readonly rekor?: string | undefined;
  readonly rekorV2?: string | undefined;
  readonly tsa?: string | undefined;
  readonly tuf?: string | undefined;
  readonly registry?: string | undefined;
}

export interface Documents {
  readonly published: Published;
  readonly endpoints: Endpoints;
  readonly tufRoot: Uint8Array | undefined;
  /** When the folder was read; says to others that what they changed in it has been seen. */
  readonly ready: Date;
}

export async function writeDocuments(disk: Disk, { published, endpoints, tufRoot, ready }: Documents): Promise<void> {
  await disk.writeAll([
    { path: 'trusted_root.json', bytes: jsonFile(trustedRootJson(published)) },
    { path: 'signing_config.json', bytes: jsonFile(signingConfigJson(published)) },
    { path: 'client_trust_config.json', bytes: jsonFile(clientTrustConfigJson(published)) },
    { path: 'endpoints.json', bytes: jsonFile({ ready, ...endpoints }) },
    { path: 'env.sh', bytes: utf8(environmentScript(disk.root, endpoints)) },
    ...(tufRoot === undefined ? [] : [{ path: 'root.json', bytes: tufRoot }]),
  ]);
}

/** For `. DIR/env.sh`: cosign and Assay then use this instance. Clients that take files only are told which in `endpoints.json`. */
export function environmentScript(root: string, { tuf }: Endpoints): string {
  const lines = [
    '# Read this file into a shell, and assay and cosign use this instance there:  . env.sh',
    variable('ASSAY_TRUST', `${root}/client_trust_config.json`),
    ...(tuf === undefined ? [] : [variable('TUF_MIRROR', tuf), variable('TUF_ROOT_JSON', `${root}/root.json`), variable('TUF_ROOT', `${root}/client-cache`)]),
  ];
  return `${lines.join('\n')}\n`;
}

function variable(name: string, value: string): string {
  return `export ${name}='${value.replaceAll("'", "'\\''")}'`;
}
