/** An image of the release: pushed by digest, then inventoried, signed and attested there. */
import { utf8 } from '@assay/core';
import { attachBundle, copyImage, type Descriptor, hexOf, type RepositoryName, repositoryText } from '@assay/oci';
import { pushSbom, type SbomFormat } from '@assay/sbom';
import { imageSource } from '@assay/sbom/make';
import { SIGN_PREDICATE_TYPE, signatureStatement } from '@assay/sign';
import { encodeProvenance, PROVENANCE_TYPES } from '@assay/slsa/generate';
import { write } from './folder.ts';
import type { InputImage } from './inputs.ts';
import { imageBase, manifestName, provenanceName, signatureName } from './names.ts';
import { type SbomSubject, sbomSteps } from './sbom-steps.ts';
import type { Step, Work } from './step.ts';

export function imageSteps(image: InputImage, version: string, formats: readonly SbomFormat[]): Step[] {
  const { name, repository, platforms, stored } = image;
  const where = repositoryText(repository);
  return [
    pushStep(image, where),
    ...artifactSteps({ base: imageBase(name), where, repository, subject: () => stored.descriptor, annotation: ['imageRef', `refs/tags/${version}`] }),
    ...platforms.flatMap((platform) => sbomSteps(sbomSubject(image, platform, version), formats)),
  ];
}

/** Attested for the platform and for the index that has it: one is what runs, the other is what a tag names. */
function sbomSubject({ name, repository, stored, from }: InputImage, { platform, image }: InputImage['platforms'][number], version: string): SbomSubject {
  const where = repositoryText(repository);
  const { descriptor } = image;
  const index = descriptor.digest === stored.descriptor.digest ? undefined : stored.descriptor;
  return {
    base: imageBase(name, platform),
    what: index === undefined ? `${where}@${descriptor.digest}` : `${where}, ${platform}`,
    name: where,
    sha256: hexOf(descriptor.digest),
    ...(index !== undefined && { index: hexOf(index.digest) }),
    source: () => imageSource(image, from, { name: where, version }),
    registry: {
      store: async (bundle, predicateType, work) => {
        for (const subject of index === undefined ? [descriptor] : [descriptor, index]) await attach({ repository, subject, bundle, predicateType }, work);
      },
      push: async (content, reference, { registries }) => {
        const to = registries.repository(repository);
        await pushSbom(to, descriptor, content, reference);
        return to.connection.describe(`${repository.repository}/blobs/sha256:${reference.sha256}`);
      },
    },
  };
}

function pushStep({ name, stored, from, repository }: InputImage, where: string): Step {
  const file = manifestName(imageBase(name));
  return {
    id: `push ${where}@${stored.descriptor.digest}`,
    says: `push ${where}@${stored.descriptor.digest}, without a tag`,
    makes: [file],
    run: async (work) => {
      const to = work.registries.repository(repository);
      if (!(await to.hasManifest(stored.descriptor.digest))) await copyImage(stored, undefined, { from, to });
      write(work, file, stored.bytes);
    },
  };
}

interface Attached {
  readonly repository: RepositoryName;
  readonly subject: Descriptor;
  readonly bundle: string;
  readonly predicateType: string;
}

/** The same bundle gives the same manifest: a run that continues attaches nothing twice. */
async function attach({ repository, subject, bundle, predicateType }: Attached, { registries, time }: Work): Promise<void> {
  await attachBundle(registries.repository(repository), { subject, bundle: utf8(bundle), content: 'dsse-envelope', predicateType, created: time });
}

export interface PublishedArtifact {
  readonly base: string;
  readonly where: string;
  readonly repository: RepositoryName;
  /** Known when the step runs. */
  readonly subject: (work: Work) => Descriptor;
  /** What of the version is signed: digests say nothing of it. */
  readonly annotation: readonly [string, string];
}

/** Signature and provenance of what lies in a registry. */
export function artifactSteps({ base, where, repository, subject, annotation: [key, value] }: PublishedArtifact): Step[] {
  const sealed = (id: string, says: string, file: string, statement: (sha256: string, work: Work) => readonly [Uint8Array, string]): Step => ({
    id: `${id} ${base} ${where}`,
    says,
    makes: [file],
    run: async (work) => {
      const target = subject(work);
      const [payload, predicateType] = statement(hexOf(target.digest), work);
      const bundle = await work.signer.signStatement(payload, hexOf(target.digest));
      write(work, file, `${bundle}\n`);
      await attach({ repository, subject: target, bundle, predicateType }, work);
    },
  });
  return [
    sealed('sign', `sign ${where} by digest, with ${key}=${value}`, signatureName(base), (sha256) => [
      signatureStatement(sha256, { [key]: value }),
      SIGN_PREDICATE_TYPE,
    ]),
    sealed('provenance', `attest where ${where} came from`, provenanceName(base), (sha256, { provenance }) => [
      encodeProvenance([{ name: where, digest: { sha256 } }], provenance),
      PROVENANCE_TYPES[provenance.version],
    ]),
  ];
}
