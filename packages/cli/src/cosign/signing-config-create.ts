/** `cosign signing-config create`: a signing configuration of the services that the flags name (cosign.md section 1). */
import { utf8 } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { parseSigningConfig, SIGNING_CONFIG, SIGNING_CONFIG_MEDIA_TYPE } from '@assay/trust';
import { anyNumber, type Command, type Context } from '../cobra/command.ts';
import { refuseTogether } from '../cobra/exclusive.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { bool, list, text } from './flags.ts';
import { parseServiceSpec, parseUint32, type Validity, validityOf } from './service-spec.ts';
import { tufTarget } from './tuf-target.ts';
import { writeOut } from './write-out.ts';

const SERVICE_KEYS = 'url=, api-version=, start-time=, operator=, end-time=';

export const command: Command = {
  usage: 'signing-config create [flags]',
  examples: `  # an instance of your own
  cosign signing-config create \\
    --fulcio url=https://fulcio.example,api-version=1,start-time=2025-01-01T00:00:00Z,operator=example \\
    --oidc-provider url=https://oidc.example,api-version=1,start-time=2025-01-01T00:00:00Z,operator=example \\
    --rekor url=https://rekor.example,api-version=2,start-time=2025-01-01T00:00:00Z,operator=example --rekor-config ANY \\
    --tsa url=https://tsa.example/api/v1/timestamp,api-version=1,start-time=2025-01-01T00:00:00Z,operator=example --tsa-config ANY \\
    --out signing_config.json

  # another identity provider than in a configuration at hand
  cosign signing-config create --base-config signing_config.json --oidc-provider url=https://oidc.example,api-version=1,start-time=2025-01-01T00:00:00Z,operator=example`,
  flags: [
    list('fulcio', `certificate authority: ${SERVICE_KEYS}`),
    list('oidc-provider', `identity provider: ${SERVICE_KEYS}`),
    list('rekor', `transparency log: ${SERVICE_KEYS}`),
    text('rekor-config', 'how many logs to use: ANY, ALL or EXACT:N; needed with --rekor'),
    list('tsa', `timestamp authority: ${SERVICE_KEYS}`),
    text('tsa-config', 'how many timestamp authorities to use: ANY, ALL or EXACT:N; needed with --tsa'),
    text('base-config', 'signing configuration to start from; services that are named replace its own'),
    bool('with-default-services', 'start from the signing configuration of the instance in use'),
    bool('with-default-rekor-v2', 'start from its signing configuration with Rekor v2'),
    bool('no-default-fulcio', 'without its certificate authorities'),
    bool('no-default-oidc', 'without its identity providers'),
    bool('no-default-rekor', 'without its transparency logs'),
    bool('no-default-tsa', 'without its timestamp authorities'),
    text('out', 'file to write; standard output unless given'),
  ],
  arity: anyNumber,
  ignoresVariables: true,
  refuse(flags) {
    refuseTogether(flags, 'base-config', 'with-default-services');
    refuseTogether(flags, 'base-config', 'with-default-rekor-v2');
  },
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  for (const service of ['rekor', 'tsa']) {
    const isOpen = flags.given(service) && flags.text(`${service}-config`) === '';
    if (isOpen) throw new CommandError(`--${service}-config must be provided when --${service} is specified`);
  }
  const base = await loadBase(flags, io);
  const rekorTlogConfig = await selection('rekor', base.rekorTlogConfig, flags);
  const tsaConfig = await selection('tsa', base.tsaConfig, flags);
  const config = JSON.stringify({
    mediaType: SIGNING_CONFIG_MEDIA_TYPE,
    caUrls: await services('fulcio', base.caUrls, flags),
    oidcUrls: await services('oidc-provider', base.oidcUrls, flags),
    rekorTlogUrls: await services('rekor', base.rekorTlogUrls, flags),
    rekorTlogConfig,
    tsaUrls: await services('tsa', base.tsaUrls, flags),
    tsaConfig,
  });
  parseSigningConfig(utf8(config));
  writeOut(config, flags, io);
}

/** Members that are undefined are left out of the JSON. */
interface Base {
  readonly caUrls?: readonly ServiceJson[];
  readonly oidcUrls?: readonly ServiceJson[];
  readonly rekorTlogUrls?: readonly ServiceJson[];
  readonly rekorTlogConfig?: SelectionJson;
  readonly tsaUrls?: readonly ServiceJson[];
  readonly tsaConfig?: SelectionJson;
}

interface ServiceJson {
  readonly url: string;
  readonly majorApiVersion: number;
  readonly validFor: Validity;
  readonly operator: string;
}

interface SelectionJson {
  readonly selector?: string;
  readonly count?: number;
}

async function loadBase(flags: ParsedFlags, io: Io): Promise<Base> {
  const file = flags.text('base-config');
  if (file !== '') return wrapped(`loading base config from ${file}`, () => readConfig(readFileCapped(file, MAX_CONFIG_BYTES)));
  const target = flags.bool('with-default-rekor-v2') ? 'signing_config_rekor_v2.v0.2.json' : SIGNING_CONFIG;
  const isWanted = flags.bool('with-default-services') || flags.bool('with-default-rekor-v2');
  if (!isWanted) return {};
  return wrapped('getting default trusted root: error getting signing config from TUF', async () => readConfig(await tufTarget(target, io)));
}

/** The JSON itself, once the parser has taken it: what it does not need survives. */
function readConfig(content: Uint8Array): Base {
  parseSigningConfig(content);
  return JSON.parse(new TextDecoder().decode(content)) as Base;
}

/** Those of the base, then those that are named. Of a base from a file, named ones replace the others of their kind. */
async function services(service: Service, base: readonly ServiceJson[] = [], flags: ParsedFlags): Promise<readonly ServiceJson[] | undefined> {
  const named: ServiceJson[] = [];
  for (const spec of flags.list(service)) named.push(await wrapped(`parsing ${service} spec`, () => parseService(spec)));
  const all = [...(isKept(service, flags) ? base : []), ...named];
  return all.length === 0 ? undefined : all;
}

function isKept(service: Service, flags: ParsedFlags): boolean {
  if (flags.bool(`no-default-${service === 'oidc-provider' ? 'oidc' : service}`)) return false;
  return flags.text('base-config') === '' || !flags.given(service);
}

function parseService(text: string): ServiceJson {
  const spec = parseServiceSpec(text);
  const missing = ['url', 'api-version', 'start-time', 'operator'].find((name) => !spec.get(name));
  if (missing !== undefined) throw new CommandError(`missing required key '${missing}' in service spec`);
  return {
    url: spec.get('url') ?? '',
    majorApiVersion: parseVersion(spec.get('api-version') ?? ''),
    validFor: validityOf(spec),
    operator: spec.get('operator') ?? '',
  };
}

function parseVersion(text: string): number {
  try {
    return parseUint32(text);
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(`parsing api-version: ${error.message}`);
    throw error;
  }
}

async function selection(service: 'rekor' | 'tsa', base: SelectionJson | undefined, flags: ParsedFlags): Promise<SelectionJson> {
  const text = flags.text(`${service}-config`);
  if (text !== '') return wrapped(`parsing ${service}-config`, () => parseSelection(text));
  return (isKept(service, flags) ? base : undefined) ?? {};
}

async function parseSelection(text: string): Promise<SelectionJson> {
  const at = text.indexOf(':');
  const [mode, count] = at < 0 ? [text.toUpperCase(), undefined] : [text.slice(0, at).toUpperCase(), text.slice(at + 1)];
  if (mode === 'EXACT') {
    if (count === undefined) throw new CommandError('mode EXACT requires a count, e.g. EXACT:2');
    return { selector: mode, count: await wrapped('invalid count for EXACT mode', () => parseUint32(count)) };
  }
  if (mode !== 'ANY' && mode !== 'ALL') throw new CommandError(`invalid service config mode: ${mode}`);
  if (count !== undefined) throw new CommandError(`mode ${mode} does not accept a count`);
  return { selector: mode };
}

type Service = 'fulcio' | 'oidc-provider' | 'rekor' | 'tsa';
const MAX_CONFIG_BYTES = 1024 * 1024;
