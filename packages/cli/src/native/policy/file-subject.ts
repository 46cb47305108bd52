/** A file as the subject of a policy: its digest in the place of an image's, and the bundles beside it in that of a registry. */
import { toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type Digest, digestOf, type FindEvent, toDigest } from '@assay/oci';
import { FoundEvidence, type NamedImage, type Subject } from '@assay/policy';
import { artifactSource } from '../../artifact-source.ts';
import type { Io } from '../../io.ts';
import type { Subjects } from '../../policy-subjects.ts';
import { findBundles } from '../find-bundle.ts';

/** `bundle`: where its evidence lies; default beside it. Errors: `FILE_…`, `USAGE`. */
export async function openFile(path: string, bundle: string | undefined, subjects: Subjects, io: Io): Promise<Subject> {
  const artifact = await artifactSource(path, io).open(['sha256'], nodeCrypto);
  const sha256 = await artifact.digest('sha256', nodeCrypto);
  if (sha256 === undefined) throw new TypeError('SHA-256 was asked for');
  const digest = toDigest(`sha256:${toHex(sha256)}`);
  const image: NamedImage = { text: path, canonical: `${path}@${digest}`, repository: path, tag: undefined, digest };
  return { ...subjects.open(`localhost/file@${digest}`), image, digest: async () => digest, evidence: new EvidenceBesideFile(path, bundle) };
}

/** Signatures and attestations alike: which is which, their content says. */
class EvidenceBesideFile extends FoundEvidence {
  readonly #file: string;
  readonly #bundle: string | undefined;

  constructor(file: string, bundle: string | undefined) {
    super();
    this.#file = file;
    this.#bundle = bundle;
  }

  override async *in(): AsyncGenerator<FindEvent, void, void> {
    const { bundles, check } = findBundles(this.#file, this.#bundle);
    for (const [i, content] of bundles.entries()) {
      const reference = `${this.#bundle ?? `the evidence of ${this.#file}`}${bundles.length === 1 ? '' : `, ${i + 1} of ${bundles.length}`}`;
      yield { kind: 'evidence', evidence: { format: 'bundle', reference, content, annotations: {}, digest: digestOf(content) satisfies Digest } };
    }
    const says = bundles.length === 0 ? (check.found ?? 'nothing') : `${bundles.length} found`;
    yield { kind: 'answer', answer: { place: `beside ${this.#file}`, says } };
  }
}
