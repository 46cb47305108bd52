/** A file of the release: copied, inventoried, signed. */
import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { TrustError } from '@assay/core';
import type { SbomFormat } from '@assay/sbom';
import { archiveSource, fileSource } from '@assay/sbom/make';
import { sha256Of } from './folder.ts';
import type { InputFile } from './inputs.ts';
import { sbomSteps } from './sbom-steps.ts';
import type { Step } from './step.ts';
import { signFileStep } from './whole-steps.ts';

export function fileSteps(file: InputFile, formats: readonly SbomFormat[]): Step[] {
  const { name, sha256 } = file;
  const source = async ({ folder }: { readonly folder: string }) => {
    const path = join(folder, name);
    return (await archiveSource(path)) ?? fileSource(path);
  };
  return [copyStep(file), ...sbomSteps({ base: name, what: name, name, sha256, source }, formats), signFileStep(name)];
}

/** What is signed is the copy, whose digest is the one that the plan was made with. */
function copyStep({ path, name, sha256 }: InputFile): Step {
  return {
    id: `copy ${name} ${sha256}`,
    says: `take ${name}, sha256:${sha256}`,
    makes: [name],
    run: async (work) => {
      copyFileSync(path, join(work.folder, `${name}.new`));
      renameSync(join(work.folder, `${name}.new`), join(work.folder, name));
      if (sha256Of(work, name) !== sha256) throw new TrustError('RELEASE_INPUT', `${path}: was changed while the release was made`);
    },
  };
}
