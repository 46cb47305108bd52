/** The images that the release's own are built on: whoever vouches for them is demanded before anything is made. */
import { join } from 'node:path';
import { quote } from '@assay/core';
import type { BaseImage } from '@assay/release';
import { EXIT } from '../../exit.ts';
import { type Io, onStandardError } from '../../io.ts';
import type { PartyFlags } from '../party.ts';
import type { RegistryFlags } from '../registry-flags.ts';
import { runVerify, type VerifyFlags } from '../verify.ts';

/** What `assay verify` prints goes to standard error. Returns its exit status, of the first that does not hold. Errors: those of `runVerify`. */
export async function verifyBaseImages(images: readonly BaseImage[], folder: string, flags: PartyFlags & RegistryFlags, io: Io): Promise<number> {
  for (const { image, policy, key, ...signer } of images) {
    const demands: Partial<VerifyFlags> = {
      ...definedOf(signer),
      ...(policy !== undefined && { policy: join(folder, policy) }),
      ...(key !== undefined && { key: /^[a-z][a-z0-9+]*:/.test(key) ? key : join(folder, key) }),
    };
    const { registryMirrors, plainHttp, trustedRoot = flags.trustConfig } = flags;
    const shared = definedOf({ registryMirrors, plainHttp, trustedRoot });
    const status = await runVerify([`oci://${image.replace(/^oci:\/\//, '')}`], { output: 'text', ...shared, ...demands }, onStandardError(io));
    if (status === EXIT.accepted) continue;
    io.stderr(`not released: the base image ${quote(image)} is not verified; build on another, or correct who signed it\n`);
    return status;
  }
  return EXIT.accepted;
}

function definedOf<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
