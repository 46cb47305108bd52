/** `assay sign --resume FILE`: completes what an outage interrupted, and publishes it as the interrupted command would have. */
import { existsSync, rmSync } from 'node:fs';
import { TrustError, utf8 } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { attachBundle, parseRepository } from '@assay/oci';
import { bundleOfSealed, finishPending, parsePending } from '@assay/sign';
import { clockFrom } from '../clock.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { type ImagePublication, type Publication, readPublication, writePending } from '../keep-pending.ts';
import { named } from '../named.ts';
import { openRegistryAccess } from '../registry-access.ts';
import { loadRoot } from '../trusted-root.ts';
import { withHttp } from '../with-http.ts';
import { writeBundle } from './bundle-file.ts';
import { requireVerified } from './require-verified.ts';

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
  await withHttp(io, async (http) => {
    const { sealed, verification } = await finishPending(pending, {
      http,
      trustedRoot: root,
      now: clockFrom(io)(),
      onIncomplete: (partly) => writePending(file, { ...pending, partly }),
    });
    requireVerified(verification, 'the completed signature');
    const bundle = await bundleOfSealed(sealed);
    if (publication.bundleFile !== undefined) writeBundle(publication.bundleFile, bundle, io);
    if (publication.image !== undefined) await attach(bundle, publication.image, flags, io);
  });
  // Not before everything is where it belongs: until then, it can be completed once more.
  rmSync(file);
  return EXIT.accepted;
}

function refuseOverwriting({ bundleFile }: Publication, { force }: ResumeFlags): void {
  if (bundleFile === undefined || bundleFile.overwrite || force === true || !existsSync(bundleFile.path)) return;
  throw new TrustError('USAGE', `${bundleFile.path}: is there already`, { hint: 'overwrite it with --force' });
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
