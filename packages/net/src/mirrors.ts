/**
 * Mirrors: where the registries that references name are really asked, for machines that cannot reach them.
 *
 *     # one registry a line, with or without `=`
 *     ghcr.io   = http://127.0.0.1:5000
 *     docker.io   https://mirror.example/hub     a path in front of /v2/
 *
 * or as JSON: { "ghcr.io": "http://127.0.0.1:5000" }. Names are those of references, e.g. `localhost:5000`; `docker.io` and
 * `registry-1.docker.io` mean `index.docker.io`. A registry named twice is refused: which one wins would be chance.
 */
import { decodeUtf8, isJsonObject, type Json, JsonError, parseJson, quote, TrustError } from '@assay/core';
import { readFileCapped } from './file.ts';
import { redactUrl } from './redact.ts';
import { canonicalHost } from './registry-host.ts';

/** Registry host as in references, e.g. `ghcr.io` or `index.docker.io`, to http(s)://host:port[/prefix]. */
export type Mirrors = ReadonlyMap<string, URL>;

/** @throws TrustError FILE_NOT_FOUND, FILE_UNREADABLE, FILE_TOO_LARGE (1 MiB), MIRRORS_PARSE */
export function loadMirrors(file: string): Mirrors {
  return parseMirrors(readFileCapped(file, MAX_MIRRORS_BYTES), file);
}

/**
 * @param fileName for messages
 * @throws TrustError MIRRORS_PARSE with file and line
 * @example parseMirrors('ghcr.io = http://127.0.0.1:5000', 'mirrors').get('ghcr.io')?.port // '5000'
 */
export function parseMirrors(content: Uint8Array | string, fileName: string): Mirrors {
  const text = typeof content === 'string' ? content : decodeUtf8(content);
  if (text === undefined) return refuse({ fileName, number: 1 }, 'not valid UTF-8');
  const mirrors = new Map<string, URL>();
  for (const line of text.trimStart().startsWith('{') ? jsonLines(text, fileName) : plainLines(text, fileName)) {
    const host = parseHost(line);
    if (mirrors.has(host)) refuse(line, `${quote(line.host)} is named twice`);
    mirrors.set(host, parseTarget(line));
  }
  return mirrors;
}

interface Place {
  readonly fileName: string;
  /** From 1. */
  readonly number: number;
}

interface Line extends Place {
  readonly host: string;
  readonly target: string;
}

function plainLines(text: string, fileName: string): Line[] {
  const lines = text.split('\n').map((line, i) => ({ content: line.replace(/(?:^|\s)#.*/u, '').trim(), number: i + 1 }));
  return lines.filter(({ content }) => content !== '').map(({ content, number }) => parseLine(content, { fileName, number }));
}

function parseLine(content: string, place: Place): Line {
  const [, host, target] = /^(\S+?)(?:\s*=\s*|\s+)([^\s=]\S*)$/u.exec(content) ?? [];
  return host === undefined || target === undefined ? refuse(place, 'expected "registry = URL"') : { ...place, host, target };
}

function jsonLines(text: string, fileName: string): Line[] {
  return Object.entries(parseObject(text, fileName)).map(([host, target]) => {
    // The parser tells no places of values; a name with escapes in it is reported for the first line.
    const number = lineAt(text, text.indexOf(JSON.stringify(host)));
    if (typeof target !== 'string') return refuse({ fileName, number }, `the mirror of ${quote(host)} is not text`);
    return { fileName, number, host, target };
  });
}

function parseObject(text: string, fileName: string): Record<string, Json> {
  try {
    const document = parseJson(text);
    if (isJsonObject(document)) return document;
  } catch (error) {
    if (error instanceof JsonError) refuse({ fileName, number: lineAt(text, error.offset) }, error.message);
    throw error;
  }
  return refuse({ fileName, number: 1 }, 'expected an object');
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, Math.max(offset, 0)).split('\n').length;
}

function parseHost(line: Line): string {
  const host = canonicalHost(line.host);
  return HOST.test(host) ? host : refuse(line, `${quote(line.host)} is not the host of a registry, e.g. ghcr.io`);
}

function parseTarget(line: Line): URL {
  const url = URL.canParse(line.target) ? new URL(line.target) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol)) return refuse(line, `${redactUrl(line.target)} is not an http or https URL`);
  if (url.username !== '' || url.password !== '') return refuse(line, `${redactUrl(url)}: credentials belong into the Docker configuration`);
  if (url.search !== '' || url.hash !== '') return refuse(line, `${redactUrl(url)}: a mirror has neither query nor fragment`);
  url.pathname = url.pathname.replace(/\/+$/u, '');
  return url;
}

function refuse({ fileName, number }: Place, problem: string): never {
  throw new TrustError('MIRRORS_PARSE', `${quote(fileName)}:${number}: ${problem}`);
}

const MAX_MIRRORS_BYTES = 1024 * 1024;
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/u;
