/**
 * `signing_config.v0.2.json`: which services of an instance a signer uses (verification.md section 4).
 *
 *   { mediaType, caUrls[], oidcUrls[], rekorTlogUrls[], tsaUrls[]: Service { url, majorApiVersion, validFor { start, end? }, operator },
 *     rekorTlogConfig, tsaConfig: { selector ALL | ANY | EXACT, count? } }
 *
 * `ClientTrustConfig` carries one beside the trusted root: `{ mediaType, trustedRoot, signingConfig }`.
 */
import { canonicalJson, type Fields, parseFields, TrustError, utf8, type Window, windowContains } from '@assay/core';

export const SIGNING_CONFIG_MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';
export const CLIENT_TRUST_CONFIG_MEDIA_TYPE = 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json';

export interface Service {
  /** A base URL; for timestamp authorities the full endpoint. */
  readonly url: string;
  readonly majorApiVersion: number;
  readonly window: Window;
  readonly operator: string;
}

export interface ServiceSelection {
  readonly selector: 'ALL' | 'ANY' | 'EXACT';
  /** For `EXACT`; positive. */
  readonly count: number;
}

export interface SigningConfig {
  readonly certificateAuthorities: readonly Service[];
  readonly oidcProviders: readonly Service[];
  readonly logs: readonly Service[];
  readonly logSelection: ServiceSelection | undefined;
  readonly timestampAuthorities: readonly Service[];
  readonly timestampSelection: ServiceSelection | undefined;
}

/** Errors: `SIGNING_CONFIG_PARSE`, `SIGNING_CONFIG_VERSION`, `SIGNING_CONFIG_SHAPE`. */
export function parseSigningConfig(input: Uint8Array | string): SigningConfig {
  return readSigningConfig(parseFields(input, CODES));
}

/** Both documents of a `ClientTrustConfig`; the trusted root as the text that core parses. Errors: as `parseSigningConfig`. */
export function parseClientTrustConfig(input: Uint8Array | string): { trustedRoot: Uint8Array; signingConfig: SigningConfig } {
  const fields = parseFields(input, CODES);
  expectMediaType(fields, CLIENT_TRUST_CONFIG_MEDIA_TYPE);
  const trustedRoot = utf8(canonicalJson(fields.object('trustedRoot').json));
  return { trustedRoot, signingConfig: readSigningConfig(fields.object('signingConfig')) };
}

function readSigningConfig(config: Fields): SigningConfig {
  expectMediaType(config, SIGNING_CONFIG_MEDIA_TYPE);
  return {
    certificateAuthorities: readServices(config, 'caUrls'),
    oidcProviders: readServices(config, 'oidcUrls'),
    logs: readServices(config, 'rekorTlogUrls'),
    logSelection: readSelection(config.optionalObject('rekorTlogConfig')),
    timestampAuthorities: readServices(config, 'tsaUrls'),
    timestampSelection: readSelection(config.optionalObject('tsaConfig')),
  };
}

function expectMediaType(fields: Fields, expected: string): void {
  const found = fields.string('mediaType');
  if (found !== expected) throw new TrustError('SIGNING_CONFIG_VERSION', 'signing configuration: unknown media type', { expected, found });
}

function readServices(config: Fields, name: string): Service[] {
  return config.objects(name, MAX_SERVICES).map((service) => {
    const validFor = service.object('validFor');
    const start = validFor.optionalTime('start') ?? validFor.missing('start');
    const version = service.optionalInt64('majorApiVersion') ?? 0n;
    if (version < 1n || version > 1000n) service.refuse('majorApiVersion', `${version} is no version`);
    return {
      url: service.string('url'),
      majorApiVersion: Number(version),
      window: { start, end: validFor.optionalTime('end', 'up') },
      operator: service.optionalString('operator') ?? '',
    };
  });
}

/** Absent and undefined selectors are kept as undefined: they are an error only for services that are really needed. */
function readSelection(selection: Fields | undefined): ServiceSelection | undefined {
  if (selection === undefined || !selection.has('selector')) return undefined;
  const selector = selection.enumName('selector', { 1: 'ALL', 2: 'ANY', 3: 'EXACT' });
  if (selector !== 'ALL' && selector !== 'ANY' && selector !== 'EXACT') return undefined;
  const count = Number(selection.optionalInt64('count') ?? 0n);
  if (selector === 'EXACT' && count < 1) selection.refuse('count', 'EXACT needs a positive count');
  return { selector, count };
}

/**
 * The services to use now: those valid now with a supported version, of these only the highest version, one for each operator (the newest), then as
 * many as the selection says. Errors: `SIGNING_CONFIG_SERVICES` when fewer remain than are needed, or when nothing says how many are.
 */
export function selectServices(
  services: readonly Service[],
  selection: ServiceSelection | undefined,
  supportedVersions: readonly number[],
  now: Date,
): Service[] {
  if (selection === undefined) throw new TrustError('SIGNING_CONFIG_SERVICES', 'signing configuration: no selector says how many services to use');
  const candidates = newestPerOperator(usable(services, supportedVersions, now));
  const needed = selection.selector === 'EXACT' ? selection.count : 1;
  if (candidates.length < needed) {
    throw new TrustError('SIGNING_CONFIG_SERVICES', 'signing configuration: too few usable services', {
      expected: `at least ${needed}`,
      found: String(candidates.length),
    });
  }
  return selection.selector === 'ALL' ? candidates : candidates.slice(0, needed);
}

/** For certificate authorities and OIDC providers: the newest of the highest version. Errors: `SIGNING_CONFIG_SERVICES`. */
export function selectService(services: readonly Service[], supportedVersions: readonly number[], now: Date): Service {
  const [service] = selectServices(services, { selector: 'ANY', count: 0 }, supportedVersions, now);
  return service as Service;
}

/** Newest first, all of the highest version. */
function usable(services: readonly Service[], supportedVersions: readonly number[], now: Date): Service[] {
  const valid = services.filter((service) => supportedVersions.includes(service.majorApiVersion) && windowContains(service.window, now));
  const highest = Math.max(0, ...valid.map((service) => service.majorApiVersion));
  return valid.filter((service) => service.majorApiVersion === highest).toSorted((a, b) => b.window.start.getTime() - a.window.start.getTime());
}

/** A service without an operator stands for itself. */
function newestPerOperator(services: readonly Service[]): Service[] {
  const seen = new Set<string>();
  return services.filter(({ operator, url }) => {
    const owner = operator || url;
    return !seen.has(owner) && seen.add(owner);
  });
}

const CODES = { what: 'signing configuration', parse: 'SIGNING_CONFIG_PARSE', shape: 'SIGNING_CONFIG_SHAPE' } as const;
const MAX_SERVICES = 1024;
