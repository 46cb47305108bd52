/**
 * Where something may lie in a kit. The list is closed: whatever unpacks a kit, on whatever system, gets plain files below these folders and nothing else.
 *
 *   oci-layout  index.json  blobs/ALG/HEX  files/NAME  trust/trusted_root.json  policy/…
 */

export function isEntryPath(path: string): boolean {
  return (
    FIXED.has(path) || BLOB.test(path) || (UNDER.test(path) && path.split('/').every(isSegment) && (!path.startsWith('files/') || path.split('/').length === 2))
  );
}

/** A name of a file that every system can have: no device, no stream, no way out. */
export function isSegment(name: string): boolean {
  return Buffer.byteLength(name) <= MAX_NAME_BYTES && SEGMENT.test(name) && !/[. ]$/.test(name) && !DEVICES.test(name);
}

const FIXED: ReadonlySet<string> = new Set(['oci-layout', 'index.json', 'trust/trusted_root.json']);
const BLOB = /^blobs\/(?:sha256\/[0-9a-f]{64}|sha512\/[0-9a-f]{128})$/;
const UNDER = /^(?:files|policy)\/./;
// Control, format and unpaired characters: bidirectional text reads as another name than it is.
const SEGMENT = /^[^\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]+$/u;
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const MAX_NAME_BYTES = 200;
