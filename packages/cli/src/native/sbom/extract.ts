/** `assay sbom extract THING`: the SBOM out of an attestation that verifies. */
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { attestedSbom, type ExtractFlags } from './attested.ts';
import { writeFile } from './outputs.ts';

/** Returns the exit status: as for `verify`. Errors: those of `attestedSbom`. */
export async function runSbomExtract(thing: string, flags: ExtractFlags, io: Io): Promise<number> {
  const content = await attestedSbom(thing, flags, io);
  if (!(content instanceof Uint8Array)) return content.status;
  if (flags.output === undefined) io.stdout(content);
  else writeFile(flags.output, content, io);
  return EXIT.accepted;
}
