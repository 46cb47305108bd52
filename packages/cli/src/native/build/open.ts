/** `--source`: what judges evidence as a build, and where more of it may be. */
import { existsSync, writeFileSync } from 'node:fs';
import { TrustError, type TrustedRoot, type VerifyOptions } from '@assay/core';
import { createHttpClient, type HttpClient } from '@assay/net';
import { fetchTrustDomain, tenantOf } from '@assay/slsa/github';
import { githubApi } from '../../gh/github-api.ts';
import { githubRoot } from '../../github-root.ts';
import type { Io } from '../../io.ts';
import { once } from '../../once.ts';
import type { Judging } from '../judging.ts';
import type { SignerFlags } from '../signer-flags.ts';
import { judgeContent } from './evidence-content.ts';
import { type BuildFlags, buildDemands, buildSigner } from './flags.ts';
import { forgeOf } from './forge.ts';
import { judgeEvidence } from './judge.ts';

export interface OpenBuild {
  /** Who may have signed at all. */
  readonly signer: VerifyOptions['signer'];
  readonly judging: (options: VerifyOptions) => Judging;
  readonly close: () => void;
}

export interface BuildSettings extends BuildFlags, SignerFlags {
  readonly trustedRoot?: string;
}

/** To be closed. Errors: those of `buildDemands` and `buildSigner`; `USAGE` for a file that is there already. */
export async function openBuild(source: string, flags: BuildSettings, offline: boolean, io: Io): Promise<OpenBuild> {
  const { saveBundle } = flags;
  if (saveBundle !== undefined && existsSync(saveBundle)) {
    throw new TrustError('USAGE', `${saveBundle}: is there already`, { hint: 'name another file, or remove it' });
  }
  const demands = buildDemands(source, flags);
  const signer = await buildSigner(flags, demands, io, offline);
  const http = createHttpClient({ env: io.env, offline, userAgent: 'assay' });
  const keep = (document: string): void => save(saveBundle, document, io);
  const isNamed = flags.trustedRoot !== undefined || Boolean(io.env['ASSAY_TRUST']);
  const judging = (options: VerifyOptions): Judging => {
    const trust = {
      options: { ...options, findings: [] },
      demands,
      githubRoot: isNamed ? undefined : once(() => loadGithubRoot(demands.source.host, offline, http, io)),
      http: offline ? undefined : http,
      rekorUrl: flags.rekorUrl,
      onFound: keep,
    };
    return {
      options,
      judge: (bundle, artifact) => judgeEvidence(bundle, artifact, trust),
      judgeContent: (content, artifact) => judgeContent(content, artifact, trust),
      askForge: offline ? undefined : forgeOf(demands.source, http, io),
      keep,
    };
  };
  return { signer, judging, close: () => http.close() };
}

/** Tenants have trusted roots of their own, which their host names. */
export async function loadGithubRoot(host: string, offline: boolean, http: HttpClient, io: Io): Promise<TrustedRoot> {
  const domain = tenantOf(host) === undefined ? '' : await fetchTrustDomain(await githubApi(host, http, io));
  return githubRoot(domain, http, io, { offline });
}

/** Only what was asked for is written, and over nothing that is there. */
function save(file: string | undefined, document: string, io: Io): void {
  if (file === undefined) return;
  writeFileSync(file, `${document}\n`, { flag: 'wx' });
  io.stderr(`wrote ${file}: it needs no network, pass it with --bundle from now on\n`);
}
