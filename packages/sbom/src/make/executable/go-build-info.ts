/**
 * What the Go linker writes into executables (debug/buildinfo, runtime/debug.ParseBuildInfo of Go).
 *
 *   14 bytes  ff " Go buildinf:"
 *   1 byte    size of pointers
 *   1 byte    flags: 1 big endian, 2 strings follow
 *   16 bytes  until Go 1.17: pointers to two strings, each a pointer and a length
 *   since     two strings, each a varint of its length and UTF-8: the version of Go, and the modules between two marks of 16 bytes:
 *
 *     path<TAB>example.com/cmd
 *     mod<TAB>example.com<TAB>v1.2.3<TAB>h1:...
 *     dep<TAB>example.org/a<TAB>v0.1.0<TAB>h1:...
 *     =><TAB>example.org/fork<TAB>v0.1.1<TAB>h1:...      in place of the dep before
 *     build<TAB>vcs.revision=...
 *
 * `h1:` sums are of the list of a module's files, not of the module as it travels, so they are no hashes of packages.
 */
import { quote } from '@assay/core';
import { bytesAt, type Executable, sectionOf } from './binary-format.ts';

export interface GoBuildInfo {
  /** `go1.26.0`; more words say which experiments it was built with. */
  readonly goVersion: string;
  /** Of the main package. */
  readonly path: string;
  readonly main: GoModule | undefined;
  readonly modules: readonly GoModule[];
  readonly settings: ReadonlyMap<string, string>;
}

export interface GoModule {
  readonly path: string;
  readonly version: string;
  readonly sum: string;
  readonly replacedBy?: GoModule;
}

/** Nothing when it was not built by Go. */
export function readGoBuildInfo(executable: Executable, report: (message: string) => void): GoBuildInfo | undefined {
  const header = headerOf(executable);
  if (header === undefined || header.length < HEADER_BYTES) return undefined;
  const [goVersion = NOTHING, modules = NOTHING] = ((header[15] ?? 0) & STRINGS_FOLLOW) === 0 ? pointedStrings(executable, header) : followingStrings(header);
  if (goVersion.length === 0) return undefined;
  return { goVersion: goVersion.toString('utf8'), ...parseModules(withoutMarks(modules), report) };
}

/** From the first mark that is aligned as the linker aligns it, to the end of the segment. */
function headerOf(executable: Executable): Buffer | undefined {
  const region = sectionOf(executable, '.go.buildinfo') ?? sectionOf(executable, '__go_buildinfo') ?? executable.segments.find(({ isData }) => isData);
  if (region === undefined) return undefined;
  const bytes = executable.bytes(region);
  for (let at = bytes.indexOf(MAGIC); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    if ((region.address + at) % ALIGNMENT === 0) return bytesAt(executable, region.address + at) ?? bytes.subarray(at);
  }
  return undefined;
}

function followingStrings(header: Buffer): Buffer[] {
  const strings: Buffer[] = [];
  let at = HEADER_BYTES;
  for (let i = 0; i < 2; i++) {
    const { length, bytes } = uvarint(header, at);
    if (bytes === 0 || length > MAX_STRING_BYTES || at + bytes + length > header.length) return strings;
    strings.push(header.subarray(at + bytes, at + bytes + length));
    at += bytes + length;
  }
  return strings;
}

/** `bytes` is 0 when there is none. */
function uvarint(from: Buffer, at: number): { readonly length: number; readonly bytes: number } {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = from[at + i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { length, bytes: i + 1 };
  }
  return { length: 0, bytes: 0 };
}

function pointedStrings(executable: Executable, header: Buffer): Buffer[] {
  const pointerBytes = header[14];
  if (pointerBytes !== 4 && pointerBytes !== 8) return [];
  const isBig = ((header[15] ?? 0) & BIG_ENDIAN) !== 0;
  const pointer = (from: Buffer, at: number): number => {
    if (pointerBytes === 4) return isBig ? from.readUInt32BE(at) : from.readUInt32LE(at);
    return Number(isBig ? from.readBigUInt64BE(at) : from.readBigUInt64LE(at));
  };
  return [pointer(header, 16), pointer(header, 16 + pointerBytes)].map((address) => {
    const string = bytesAt(executable, address);
    if (string === undefined || string.length < 2 * pointerBytes) return NOTHING;
    const [start, length] = [pointer(string, 0), pointer(string, pointerBytes)];
    const bytes = bytesAt(executable, start);
    return bytes === undefined || length > bytes.length || length > MAX_STRING_BYTES ? NOTHING : bytes.subarray(0, length);
  });
}

/** The marks are no UTF-8. */
function withoutMarks(modules: Buffer): string {
  return modules.length >= 33 && modules.at(-17) === NEWLINE ? modules.toString('utf8', 16, modules.length - 16) : '';
}

function parseModules(text: string, report: (message: string) => void): Omit<GoBuildInfo, 'goVersion'> {
  let path = '';
  let main: GoModule | undefined;
  const modules: GoModule[] = [];
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [kind = '', ...columns] = line.split('\t');
    const [first = '', version = '', sum = ''] = columns;
    if (kind === 'path') path = first;
    else if (kind === 'build') addSetting(settings, line.slice('build\t'.length));
    else if (kind === 'mod') main = { path: first, version, sum };
    else if (kind === 'dep') modules.push({ path: first, version, sum });
    else if (kind === '=>') replaceLast(modules, { path: first, version, sum });
    else if (line !== '') report(`Go build information: ${quote(line, 60)} is no line of it`);
  }
  return { path, main, modules, settings };
}

function replaceLast(modules: GoModule[], by: GoModule): void {
  const last = modules.pop();
  if (last !== undefined) modules.push({ ...last, replacedBy: by });
}

/** `key=value`; either is quoted as Go quotes when it has spaces or quotes. */
function addSetting(settings: Map<string, string>, setting: string): void {
  const { key = '', value = '' } = /^(?<key>"[^"]*"|`[^`]*`|[^=]*)=(?<value>.*)$/s.exec(setting)?.groups ?? {};
  settings.set(unquoted(key), unquoted(value));
}

function unquoted(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const NOTHING = Buffer.alloc(0);
const NEWLINE = 0x0a;
const ALIGNMENT = 16;
const HEADER_BYTES = 32;
const BIG_ENDIAN = 1;
const STRINGS_FOLLOW = 2;
const MAX_STRING_BYTES = 16 * 1024 * 1024;
