/**
 * What provenance is about: names with SHA-256 digests, as `sha256sum` prints them (slsa.md section 2.1). Errors say what the generators of
 * slsa-github-generator say, whose users know them.
 *
 *   2e0390eb024a52963db7b95e84a9c2b12c004054a7bad9a97ec0c7c89d4681d2  app.tar.gz
 *   base64 of such lines, as jobs hand them to each other
 */
import { decodeBase64, decodeUtf8, quote, TrustError } from '@assay/core';

export interface ProvenanceSubject {
  readonly name: string;
  /** Lower-case hex. */
  readonly digest: { readonly sha256: string };
}

/** Standard base64, padded; line ends in it mean nothing. Errors: `PROVENANCE_SUBJECTS`. */
export function decodeSubjects(base64: string): ProvenanceSubject[] {
  const text = base64.replace(/[\r\n]/g, '');
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw refused(`base64: error decoding subjects (is it base64 encoded?): illegal base64 data at input byte ${illegalAt(text)}`);
  return parseSubjects(bytes);
}

/** Lines in their order, empty ones left out; possibly none. Time and memory grow with the text. Errors: `PROVENANCE_SUBJECTS`. */
export function parseSubjects(list: Uint8Array): ProvenanceSubject[] {
  const text = decodeUtf8(list);
  if (text === undefined) throw refused('subjects: reading digest: not UTF-8 text');
  return requireDistinct(text.split('\n').flatMap((line) => subjectIn(line) ?? []));
}

/** Errors: `PROVENANCE_SUBJECTS` for two subjects of one name. */
export function requireDistinct(subjects: readonly ProvenanceSubject[]): ProvenanceSubject[] {
  const seen = new Set<string>();
  for (const { name } of subjects) {
    if (seen.has(name)) throw refused(`duplicate subject: ${goQuote(name)}`);
    seen.add(name);
  }
  return [...subjects];
}

/** Errors: `PROVENANCE_SUBJECTS`. */
export function requireSubjects(subjects: readonly ProvenanceSubject[]): ProvenanceSubject[] {
  if (subjects.length === 0) throw refused('expected at least one subject');
  return requireDistinct(subjects);
}

/** Other Sigstore clients refuse statements with more subjects, and so does ours where it reads them. */
export const MAX_COMMON_SUBJECTS = 1024;

function subjectIn(line: string): ProvenanceSubject | undefined {
  if (line.length > MAX_LINE) throw refused('subjects: reading digest: bufio.Scanner: token too long');
  const trimmed = trim(line);
  const at = trimmed.search(/[\t ]/);
  const sha256 = trim(at < 0 ? trimmed : trimmed.slice(0, at)).toLowerCase();
  if (sha256 === '') return undefined;
  if (!SHA256.test(sha256)) throw refused(`sha: unexpected sha256 hash format for ${goQuote(sha256)}`);
  if (at < 0) throw refused(`subject name: expected subject name for hash ${goQuote(sha256)}`);
  return { name: trim(trimmed.slice(at + 1)), digest: { sha256 } };
}

/** White space as Go has it: U+0085 is, the byte order mark is not. */
function trim(text: string): string {
  return text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
}

/** The first character that base64 does not have; else the group of four that is not whole. */
function illegalAt(text: string): number {
  const odd = text.search(/[^A-Za-z0-9+/]/);
  return odd < 0 ? text.length - (text.length % 4) : odd;
}

function goQuote(text: string): string {
  return JSON.stringify(quote(text));
}

function refused(problem: string): TrustError {
  return new TrustError('PROVENANCE_SUBJECTS', problem);
}

const SHA256 = /^[a-f0-9]{64}$/;
/** What the generators' scanner takes of a line. */
const MAX_LINE = 64 * 1024;
