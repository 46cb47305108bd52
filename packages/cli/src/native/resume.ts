/** `assay sign --resume FILE`: completes what an outage interrupted, and publishes it as the interrupted command would have. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { failures, TrustError, utf8 } from '@assay/core';
import { createHttpClient } from '@assay/net';
import { readFileCapped } from '@assay/net/file';
import { attachBundle, parseRepository } from '@assay/oci';
import { bundleOfSealed, finishPending, parsePending } from '@assay/sign';
import { clockFrom } from '../clock.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { type ImagePublication, type Publication, readPublication, writePending } from '../keep-pending.ts';
import { named } from '../named.ts';
import { isOffline } from '../offline.ts';
import { openRegistryAccess } from '../registry-access.ts';
import { loadRoot } from '../trusted-root.ts';

export interface ResumeFlags {
  readonly trustedRoot?: string;
  readonly trustConfig?: string;
  readonly registryMirrors?: string;
  readonly plainHttp?: boolean;
  readonly force?: boolean;
}

/** Returns the exit status. Errors: `PENDING_PARSE`, `PENDING_EXPIRED`, `SIGNING_INCOMPLETE`, `FILE_…`, `OCI_…`, and what the verification found. */
export async function runResume(file: string, flags: ResumeFlags, io: Io): Promise<number> {
  const pending = named(file, () => parsePending(readFileCapped(file, MAX_PENDING_BYTES)));
  const publication = named(file, () => readPublication(pending.context));
  refuseOverwriting(publication, flags);
  const { trust } = publication;
  const trustedRootFile = flags.trustedRoot ?? flags.trustConfig ?? trust.file;
  const { root } = await loadRoot({ initialized: trust.initialized, ...(trustedRootFile !== undefined && { trustedRoot: trustedRootFile }) }, io);
  const http = createHttpClient({ env: io.env, offline: isOffline(io.env), userAgent: 'assay' });
  try {
    const { sealed, verification } = await finishPending(pending, {
      http,
      trustedRoot: root,
      now: clockFrom(io)(),
      onIncomplete: (partly) => writePending(file, { ...pending, partly }),
    });
    const [first] = failures(verification.root);
    if (!verification.ok) throw new TrustError(first?.code ?? 'SIGNATURE_INVALID', `the completed signature does not verify: ${first?.says ?? ''}`);
    const bundle = await bundleOfSealed(sealed);
    writeBundle(bundle, publication, io);
    if (publication.image !== undefined) await attach(bundle, publication.image, flags, io);
  } finally {
    http.close();
  }
  // Not before everything is where it belongs: until then, it can be completed once more.
  rmSync(file);
  return EXIT.accepted;
}

function refuseOverwriting({ bundleFile }: Publication, { force }: ResumeFlags): void {
  if (bundleFile === undefined || bundleFile.overwrite || force === true || !existsSync(bundleFile.path)) return;
  throw new TrustError('USAGE', `${bundleFile.path}: is there already`, { hint: 'overwrite it with --force' });
}

function writeBundle(bundle: string, { bundleFile }: Publication, io: Io): void {
  if (bundleFile === undefined) return;
  writeFileSync(bundleFile.path, `${bundle}\n`, { mode: bundleFile.mode });
  io.stderr(`wrote ${bundleFile.path}\n`);
}

async function attach(bundle: string, { repository, subject, predicateType, plainHttp }: ImagePublication, flags: ResumeFlags, io: Io): Promise<void> {
  const access = openRegistryAccess(io, { userAgent: 'assay', plainHttp: flags.plainHttp === true ? 'always' : plainHttp, mirrorsFile: flags.registryMirrors });
  try {
    const to = access.registries.repository(parseRepository(repository));
    const digest = await attachBundle(to, { subject, bundle: utf8(bundle), content: 'dsse-envelope', predicateType, created: io.now });
    io.stdout(`${repository}@${subject.digest}\n`);
    io.stderr(`stored ${to.name}@${digest}\n`);
  } finally {
    access.close();
  }
}

const MAX_PENDING_BYTES = 128 * 1024 * 1024;
