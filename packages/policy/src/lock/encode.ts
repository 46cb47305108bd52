/** Writing a lock: the same lock is the same bytes, whoever writes it. */
import { LOCK_VERSION, type Lock, type LockEntry, type LockException } from './lock.ts';

/** JSON, artifacts by name, a property on each line, LF. Only ASCII: what looks like another letter would be reviewed as that. */
export function encodeLock({ artifacts, exceptions }: Lock): string {
  const names = [...artifacts.keys()].sort();
  const entries = names.map((name) => [name, entryJson(artifacts.get(name) as LockEntry)] as const);
  const document = {
    version: LOCK_VERSION,
    artifacts: Object.fromEntries(entries),
    ...(exceptions.length > 0 && { exceptions: exceptions.map(exceptionJson) }),
  };
  const text = JSON.stringify(document, null, 2);
  return `${text.replace(/[^\n\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

function entryJson({ issuer, identity, key, source, ref, builder, evidence, sbom, firstSeen }: LockEntry): object {
  return {
    issuer,
    identity,
    key,
    source,
    ref,
    builder,
    evidence,
    sbom: sbom === true ? true : undefined,
    firstSeen: firstSeen && { reference: firstSeen.reference, digest: firstSeen.digest, identity: firstSeen.identity },
  };
}

function exceptionJson({ artifact, digest, version, allows, until, reason }: LockException): object {
  const { issuer, identity, key, source, ref, builder, evidence, sbom } = allows;
  return { artifact, digest, version, allows: { issuer, identity, key, source, ref, builder, evidence, sbom }, until, reason };
}
