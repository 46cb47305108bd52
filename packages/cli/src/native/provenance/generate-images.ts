/** Provenance of images and charts, each in its registry: beside the image as a bundle, or in the tag where slsa-verifier and cosign 2 look. */
import { Artifact, encodePem, fromHex, utf8 } from '@assay/core';
import {
  appendAttestation,
  attachBundle,
  attachmentTag,
  type Descriptor,
  hexOf,
  parseReference,
  parseRepository,
  type RepositoryClient,
  targetOf,
} from '@assay/oci';
import { rekorBundleJson, timestampJson } from '@assay/sign';
import { encodeProvenance, PROVENANCE_TYPES, requireOutputName } from '@assay/slsa/generate';
import type { Io } from '../../io.ts';
import type { Publication } from '../../keep-pending.ts';
import type { RegistryAccess } from '../../registry-access.ts';
import { type Made, type PartyOptions, sealVerified } from '../party.ts';
import { openAccess, plainHttpOf, sideRepositoryOf } from '../registry-flags.ts';
import type { Builder } from './build.ts';
import { type BuildSession, type GenerateFlags, withBuild } from './generate.ts';
import { servicesOfOlderForms } from './old-envelope.ts';
import { type NewFile, newFile, setOutputs, writeNew } from './output.ts';

export async function generateForImages(images: readonly string[], builder: Builder, flags: GenerateFlags, io: Io): Promise<void> {
  const file = flags.bundle ? newFile(requireOutputName(flags.bundle)) : undefined;
  const access = openAccess(flags, io);
  try {
    const found: Image[] = [];
    for (const name of images) found.push(await imageNamed(name, flags, access, io));
    await withBuild('container', builder, flags, io, partyOptions(flags), async (session) => {
      for (const image of found) await generateForImage(image, file, session, flags, io);
    });
  } finally {
    access.close();
  }
}

interface Image {
  readonly reader: RepositoryClient;
  readonly subject: Descriptor;
  /** Where its evidence goes. */
  readonly to: RepositoryClient;
}

async function imageNamed(name: string, flags: GenerateFlags, { registries }: RegistryAccess, io: Io): Promise<Image> {
  const reference = parseReference(name);
  const reader = registries.repository(reference);
  const { descriptor } = await reader.requireManifest(targetOf(reference));
  const side = sideRepositoryOf(flags, io);
  return { reader, subject: descriptor, to: side ? registries.repository(parseRepository(side)) : reader };
}

async function generateForImage(image: Image, file: NewFile | undefined, { party, build, accept }: BuildSession, flags: GenerateFlags, io: Io): Promise<void> {
  const { reader, subject, to } = image;
  const sha256 = hexOf(subject.digest);
  const predicateType = PROVENANCE_TYPES[build.provenance.version];
  const payload = encodeProvenance([{ name: reader.name, digest: { sha256 } }], build.provenance);
  const storage = storageOf(flags);
  const made = await sealVerified(
    { kind: 'dsse', payload },
    Artifact.fromDigests({ sha256: fromHex(sha256) }),
    party,
    { flags, io },
    {
      accept,
      storage,
      publication: storage === 'apart' ? undefined : publicationOf(image, predicateType, file, flags),
    },
  );
  if (file !== undefined) {
    const content = utf8(`${made.bundle}\n`);
    writeNew(file, content, io);
    setOutputs(file, content, io);
  }
  if (!flags.store) return;
  const where =
    storage === 'apart'
      ? await appendTo(image, made, predicateType, io)
      : `${to.name}@${await attachBundle(to, { subject, bundle: utf8(made.bundle), content: 'dsse-envelope', predicateType, created: io.now })}`;
  io.stdout(`${reader.name}@${subject.digest}\n`);
  io.stderr(`stored ${where}\n`);
}

/** What an interrupted signing needs to be completed. */
function publicationOf({ subject, to }: Image, predicateType: string, file: NewFile | undefined, flags: GenerateFlags): Omit<Publication, 'trust'> {
  return {
    bundleFile: file && { path: file.path, mode: 0o600, overwrite: false },
    image: flags.store ? { repository: to.name, subject, predicateType, plainHttp: plainHttpOf(flags) } : undefined,
  };
}

async function appendTo({ subject, to }: Image, { sealed, chain }: Made, predicateType: string, { now }: Io): Promise<string> {
  if (sealed.envelope === undefined) throw new TypeError('an attestation is an envelope');
  const tag = attachmentTag(subject.digest, 'att');
  await appendAttestation(to, {
    tag,
    envelope: sealed.envelope,
    predicateType,
    parts: {
      certificate: sealed.certificate && encodePem('CERTIFICATE', sealed.certificate),
      chain,
      rekorBundle: rekorBundleJson(sealed.entries[0]),
      timestamp: timestampJson(sealed.timestamps),
    },
    created: now,
  });
  return `${to.name}:${tag}`;
}

function partyOptions(flags: GenerateFlags): PartyOptions {
  return flags.attach === 'att' ? { storage: 'apart', services: servicesOfOlderForms } : {};
}

function storageOf({ attach }: GenerateFlags): 'bundle' | 'apart' {
  return attach === 'att' ? 'apart' : 'bundle';
}
