/** A UUID that says what it names: of version 8 (RFC 9562 section 5.8), cut from a SHA-256. Two runs over the same input name their documents alike. */
import { createHash } from 'node:crypto';

export function contentUuid(content: string): string {
  const hash = createHash('sha256').update(content).digest();
  hash[6] = (hash.readUInt8(6) & 0x0f) | 0x80;
  hash[8] = (hash.readUInt8(8) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
