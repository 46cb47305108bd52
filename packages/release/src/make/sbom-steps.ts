/** The SBOMs of one thing, and their attestations: of what is too large for the services, by reference. */
import {
  encodeInventory,
  MEDIA_TYPE_OF,
  PREDICATE_TYPE_OF,
  REFERENCE_TYPE,
  referencePredicate,
  referenceTo,
  type SbomFormat,
  type SbomReference,
} from '@assay/sbom';
import { makeInventory, type Source } from '@assay/sbom/make';
import { encodeStatement } from '@assay/sign';
import { read, write } from './folder.ts';
import { attestationName, sbomName } from './names.ts';
import type { Step, Work } from './step.ts';

export interface SbomSubject {
  /** What its files are named after. */
  readonly base: string;
  /** For people. */
  readonly what: string;
  /** As statements name it. */
  readonly name: string;
  readonly sha256: string;
  /** Of the index that the image is one platform of: whoever asks by tag asks about that. */
  readonly index?: string;
  readonly source: (work: Work) => Promise<Source>;
  /** Where it is published besides the folder. Absent: nowhere. */
  readonly registry?: SbomRegistry;
}

export interface SbomRegistry {
  store(bundle: string, predicateType: string, work: Work): Promise<void>;
  /** The document of an attestation that only names it. Returns where it lies. */
  push(content: Uint8Array, reference: SbomReference, work: Work): Promise<string>;
}

/** One inventory for all formats: looking into a thing is what takes time. */
export function sbomSteps(subject: SbomSubject, formats: readonly SbomFormat[]): Step[] {
  return formats.length === 0 ? [] : [makeStep(subject, formats), ...formats.map((format) => attestStep(subject, format))];
}

function makeStep({ base, what, source }: SbomSubject, formats: readonly SbomFormat[]): Step {
  return {
    id: `sbom ${base} ${formats.join(' ')}`,
    says: `make the ${formats.join(' and ')} SBOM of ${what}`,
    makes: formats.map((format) => sbomName(base, format)),
    run: async (work) => {
      const inventory = await makeInventory(await source(work));
      for (const format of formats) write(work, sbomName(base, format), encodeInventory(inventory, format, { time: work.time }));
    },
  };
}

function attestStep(subject: SbomSubject, format: SbomFormat): Step {
  const { base, what, name, sha256, index, registry } = subject;
  const file = attestationName(base, format);
  return {
    id: `attest ${file}`,
    says: `attest the ${format} SBOM of ${what}`,
    makes: [file],
    run: async (work) => {
      const { predicateType, statement } = await statementOf(subject, format, work);
      // cosign prints the first subject, whichever was asked for.
      const subjects = index === undefined ? { sha256 } : { sha256: index, also: [sha256] };
      const bundle = await work.signer.signStatement(encodeStatement({ name, ...subjects, version: 'v1', ...statement }), sha256);
      write(work, file, `${bundle}\n`);
      await registry?.store(bundle, predicateType, work);
    },
  };
}

type Stated = Pick<Parameters<typeof encodeStatement>[0], 'predicateType' | 'predicate'>;

async function statementOf({ base, registry }: SbomSubject, format: SbomFormat, work: Work): Promise<{ predicateType: string; statement: Stated }> {
  const name = sbomName(base, format);
  const content = read(work, name);
  const isInline = content.length <= work.signer.maxStatementBytes;
  const predicateType = isInline ? PREDICATE_TYPE_OF[format] : REFERENCE_TYPE;
  if (isInline) return { predicateType, statement: { predicateType, predicate: JSON.parse(new TextDecoder().decode(content)) } };
  const reference = referenceTo(content, { name, mediaType: MEDIA_TYPE_OF[format], downloadLocation: `file:${encodeURIComponent(name)}` });
  const downloadLocation = (await registry?.push(content, reference, work)) ?? reference.downloadLocation;
  return { predicateType, statement: { predicateType, predicate: referencePredicate({ ...reference, downloadLocation }) } };
}
