/** Which services a signer uses: parsing, windows, versions, operators, selectors. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTrustError, parseTrustedRoot } from '@assay/core';
import { describe, expect, test } from 'vitest';
import {
  CLIENT_TRUST_CONFIG_MEDIA_TYPE,
  parseClientTrustConfig,
  parseSigningConfig,
  SIGNING_CONFIG_MEDIA_TYPE,
  selectService,
  selectServices,
} from './signing-config.ts';

const NOW = new Date('2026-08-25T00:00:00Z');
const TARGETS = join(process.env['ASSAY_VECTORS'] ?? fileURLToPath(new URL('../../../../shared/vectors', import.meta.url)), 'tuf/targets');

interface Draft {
  url: string;
  majorApiVersion?: number;
  operator?: string;
  start?: string;
  end?: string;
}

const service = ({ url, majorApiVersion = 1, operator = '', start = '2026-01-01T00:00:00Z', end }: Draft) => ({
  url,
  majorApiVersion,
  operator,
  validFor: { start, ...(end && { end }) },
});
const config = (fields: object = {}) => JSON.stringify({ mediaType: SIGNING_CONFIG_MEDIA_TYPE, ...fields });
const logs = (...drafts: readonly Draft[]) => parseSigningConfig(config({ rekorTlogUrls: drafts.map(service) })).logs;
const urls = (drafts: readonly Draft[], selector: 'ALL' | 'ANY' | 'EXACT', count = 0, versions = [1, 2]) =>
  selectServices(logs(...drafts), { selector, count }, versions, NOW).map(({ url }) => url);

function code(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (isTrustError(error)) return error.code;
    throw error;
  }
}

describe('selecting', () => {
  const A = { url: 'a', operator: 'one' };
  const B = { url: 'b', operator: 'two', start: '2026-02-01T00:00:00Z' };
  test.each<[string, readonly Draft[], Parameters<typeof urls>[1], number, readonly string[]]>([
    ['takes all operators, the newest first', [A, B], 'ALL', 0, ['b', 'a']],
    ['takes any one', [A, B], 'ANY', 0, ['b']],
    ['takes exactly as many as asked', [A, B], 'EXACT', 2, ['b', 'a']],
    ['takes one for each operator, the newest', [A, { ...A, url: 'newer', start: '2026-03-01T00:00:00Z' }], 'ALL', 0, ['newer']],
    ['takes a service without an operator for its own', [{ url: 'x' }, { url: 'y' }], 'ALL', 0, ['x', 'y']],
    [
      'leaves out what has ended or not begun',
      [A, { url: 'ended', end: '2026-08-24T23:59:59Z' }, { url: 'later', start: '2026-08-26T00:00:00Z' }],
      'ALL',
      0,
      ['a'],
    ],
    ['counts the last moment in', [{ url: 'last', end: '2026-08-25T00:00:00Z' }], 'ALL', 0, ['last']],
    ['keeps only the highest version', [A, { ...B, url: 'v2', majorApiVersion: 2 }], 'ALL', 0, ['v2']],
    ['leaves out versions that are not supported', [A, { ...B, majorApiVersion: 3 }], 'ALL', 0, ['a']],
  ])('%s', (_, drafts, selector, count, expected) => {
    expect(urls(drafts, selector, count)).toEqual(expected);
  });

  test('refuses when fewer operators remain than are needed', () => {
    expect(code(() => urls([A], 'EXACT', 2))).toBe('SIGNING_CONFIG_SERVICES');
    expect(code(() => urls([], 'ANY'))).toBe('SIGNING_CONFIG_SERVICES');
    expect(code(() => selectService([], [1], NOW))).toBe('SIGNING_CONFIG_SERVICES');
  });

  test('refuses when nothing says how many', () => {
    expect(code(() => selectServices(logs(A), undefined, [1], NOW))).toBe('SIGNING_CONFIG_SERVICES');
  });
});

describe('parsing', () => {
  test.each<[string, string, string]>([
    ['text that is not JSON', '{', 'SIGNING_CONFIG_PARSE'],
    ['version 0.1', JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json' }), 'SIGNING_CONFIG_VERSION'],
    ['a service without a start', config({ caUrls: [{ url: 'a', majorApiVersion: 1, validFor: {} }] }), 'SIGNING_CONFIG_SHAPE'],
    ['a service without a URL', config({ caUrls: [{ majorApiVersion: 1, validFor: { start: '2026-01-01T00:00:00Z' } }] }), 'SIGNING_CONFIG_SHAPE'],
    ['a service without a version', config({ tsaUrls: [{ url: 'a', validFor: { start: '2026-01-01T00:00:00Z' } }] }), 'SIGNING_CONFIG_SHAPE'],
    ['EXACT without a count', config({ tsaConfig: { selector: 'EXACT' } }), 'SIGNING_CONFIG_SHAPE'],
    ['a selector that is a list', config({ tsaConfig: { selector: [] } }), 'SIGNING_CONFIG_PARSE'],
  ])('refuses %s', (_, text, expected) => {
    expect(code(() => parseSigningConfig(text))).toBe(expected);
  });

  test('takes an unknown selector for none: an error only where services are selected', () => {
    expect(parseSigningConfig(config({ tsaConfig: { selector: 'SOME' } })).timestampSelection).toBeUndefined();
    expect(parseSigningConfig(config({ tsaConfig: {} })).timestampSelection).toBeUndefined();
  });
});

describe.skipIf(!existsSync(TARGETS))('the public configuration', () => {
  const read = (name: string) => readFileSync(join(TARGETS, name));

  test('with Rekor v2 prefers it where it is supported, and falls back where not', () => {
    const { logs: services, logSelection } = parseSigningConfig(read('signing_config_rekor_v2.v0.2.json'));
    expect(selectServices(services, logSelection, [1, 2], NOW).map(({ url }) => url)).toEqual(['https://log2025-1.rekor.sigstore.dev']);
    expect(selectServices(services, logSelection, [1], NOW).map(({ url }) => url)).toEqual(['https://rekor.sigstore.dev']);
  });

  test('of a client carries both documents', () => {
    const text = `{"mediaType":"${CLIENT_TRUST_CONFIG_MEDIA_TYPE}","trustedRoot":${read('trusted_root.json')},"signingConfig":${read('signing_config.v0.2.json')}}`;
    const { trustedRoot, signingConfig } = parseClientTrustConfig(text);
    expect(parseTrustedRoot(trustedRoot).logs.length).toBe(2);
    expect(selectService(signingConfig.certificateAuthorities, [1], NOW).url).toBe('https://fulcio.sigstore.dev');
  });
});
