/** What is made of all files together: the checksums, the provenance; and the signature of one. */
import { join } from 'node:path';
import { encodeProvenance } from '@assay/slsa/generate';
import { encodeChecksums } from '../checksums.ts';
import { CHECKSUMS_FILE } from '../release.ts';
import { sha256Of, write } from './folder.ts';
import { signatureName } from './names.ts';
import type { Step } from './step.ts';

export function checksumsStep(names: readonly string[]): Step {
  return {
    id: `checksums ${names.length}`,
    says: `write ${CHECKSUMS_FILE} with ${names.length} ${names.length === 1 ? 'file' : 'files'}`,
    makes: [CHECKSUMS_FILE],
    run: async (work) => write(work, CHECKSUMS_FILE, encodeChecksums(names.map((name) => ({ name, sha256: sha256Of(work, name) })))),
  };
}

/** A signature that any Sigstore client verifies beside the file. */
export function signFileStep(name: string): Step {
  return {
    id: `sign ${name}`,
    says: `sign ${name}`,
    makes: [signatureName(name)],
    run: async (work) => write(work, signatureName(name), `${await work.signer.signFile(join(work.folder, name))}\n`),
  };
}

/** One statement about all files: they come from one build. */
export function provenanceStep(subjects: readonly string[], file: string): Step {
  return {
    id: `provenance ${file}`,
    says: `attest where ${subjects.length === 1 ? subjects[0] : `${subjects.length} files`} came from, in ${file}`,
    makes: [file],
    run: async (work) => {
      const digests = subjects.map((name) => ({ name, digest: { sha256: sha256Of(work, name) } }));
      const [first] = digests;
      if (first === undefined) throw new TypeError('provenance of nothing');
      write(work, file, `${await work.signer.signStatement(encodeProvenance(digests, work.provenance), first.digest.sha256)}\n`);
    },
  };
}
