/** `cosign trusted-root create`: a trusted root of the services that the flags name (cosign.md section 1). */
import {
  type Certificate,
  decodeUtf8,
  encodeBase64,
  keyDetails,
  noteKeyId,
  parseCertificatesPem,
  parseTrustedRoot,
  TRUSTED_ROOT_MEDIA_TYPE,
  utf8,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { TRUSTED_ROOT } from '@assay/trust';
import { anyNumber, type Command, type Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { FlagSpec, ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { NAME, readName } from './distinguished-name.ts';
import { bool, list, text } from './flags.ts';
import { readPublicKey } from './load.ts';
import { parseServiceSpec, parseTime, protoTime, type ServiceSpec, type Validity, validityOf } from './service-spec.ts';
import { tufTarget } from './tuf-target.ts';
import { writeOut } from './write-out.ts';

const older = (service: string, name: string, usage: string): FlagSpec => list(name, usage, { deprecated: `use --${service} instead` });

export const command: Command = {
  usage: 'trusted-root create [flags]',
  examples: `  # an instance of your own
  cosign trusted-root create \\
    --fulcio url=https://fulcio.example,certificate-chain=fulcio.pem \\
    --ctfe url=https://ct.example,public-key=ct.pub,start-time=2025-01-01T00:00:00Z \\
    --rekor url=https://rekor.example,public-key=rekor.pub,start-time=2025-01-01T00:00:00Z,origin=rekor.example \\
    --tsa url=https://tsa.example/api/v1/timestamp,certificate-chain=tsa.pem \\
    --out trusted_root.json

  # public Sigstore, and a log of your own
  cosign trusted-root create --with-default-services --rekor url=https://rekor.example,public-key=rekor.pub,start-time=2025-01-01T00:00:00Z`,
  flags: [
    list('fulcio', 'certificate authority: url=, certificate-chain= (PEM, root last), start-time=, end-time='),
    list('ctfe', 'certificate transparency log: url=, public-key= (PEM), start-time=, end-time=, origin='),
    list('rekor', 'transparency log: url=, public-key= (PEM), start-time=, end-time=, origin= (Rekor v2)'),
    list('tsa', 'timestamp authority: url=, certificate-chain= (PEM, leaf first), start-time=, end-time='),
    bool('with-default-services', 'start from the trusted root of the instance in use'),
    bool('no-default-fulcio', 'without its certificate authorities'),
    bool('no-default-ctfe', 'without its certificate transparency logs'),
    bool('no-default-rekor', 'without its transparency logs'),
    bool('no-default-tsa', 'without its timestamp authorities'),
    text('out', 'file to write; standard output unless given'),
    older('fulcio', 'certificate-chain', 'chain of the certificate authority'),
    older('fulcio', 'fulcio-uri', 'URI of the certificate authority'),
    older('ctfe', 'ctfe-key', 'key of the certificate transparency log'),
    older('ctfe', 'ctfe-start-time', 'when its validity starts'),
    older('ctfe', 'ctfe-end-time', 'when its validity ends'),
    older('ctfe', 'ctfe-url', 'its URL'),
    older('rekor', 'rekor-key', 'key of the transparency log, and behind a comma its origin'),
    older('rekor', 'rekor-start-time', 'when its validity starts'),
    older('rekor', 'rekor-end-time', 'when its validity ends'),
    older('rekor', 'rekor-url', 'its URL'),
    older('tsa', 'timestamp-certificate-chain', 'chain of the timestamp authority'),
    older('tsa', 'timestamp-uri', 'its URI'),
  ],
  arity: anyNumber,
  ignoresVariables: true,
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  for (const [service, names] of Object.entries(OLDER_FLAGS)) {
    const isMixed = flags.given(service) && names.some((name) => flags.given(name));
    if (isMixed) throw new CommandError(`cannot use --${service} and old ${service} flags at the same time`);
  }
  const defaults = flags.bool('with-default-services') ? await loadDefaults(io) : {};
  const kept = <Name extends keyof Defaults>(name: Name, service: string) => (flags.bool(`no-default-${service}`) ? [] : (defaults[name] ?? []));
  // In the order in which cosign reads the flags: the first mistake is the one it tells.
  const certificateAuthorities = [...kept('certificateAuthorities', 'fulcio'), ...(await fulcioAuthorities(flags))];
  const ctlogs = [...kept('ctlogs', 'ctfe'), ...(await logs('ctfe', flags))];
  const tlogs = [...kept('tlogs', 'rekor'), ...(await logs('rekor', flags))];
  const timestampAuthorities = [...kept('timestampAuthorities', 'tsa'), ...(await timestampers(flags))];
  const root = JSON.stringify({
    mediaType: TRUSTED_ROOT_MEDIA_TYPE,
    ...unlessEmpty('tlogs', oldestFirst(lastById(tlogs), logValidity)),
    ...unlessEmpty('certificateAuthorities', oldestFirst(certificateAuthorities, authorityValidity)),
    ...unlessEmpty('ctlogs', oldestFirst(lastById(ctlogs), logValidity)),
    ...unlessEmpty('timestampAuthorities', oldestFirst(timestampAuthorities, authorityValidity)),
  });
  parseTrustedRoot(utf8(root));
  writeOut(root, flags, io);
}

// --------------------------------------------------------------------------------------------------------- documents

/** An entry of `trusted_root.json`; those of the default root keep whatever else they hold. */
interface LogJson {
  readonly baseUrl?: string;
  readonly hashAlgorithm: string;
  readonly publicKey: { readonly rawBytes: string; readonly keyDetails: string; readonly validFor: Validity };
  readonly logId: { readonly keyId: string };
}

interface AuthorityJson {
  readonly subject: { readonly organization?: string; readonly commonName?: string };
  readonly uri?: string;
  readonly certChain: { readonly certificates: readonly { readonly rawBytes: string }[] };
  readonly validFor: Validity;
}

interface Defaults {
  readonly tlogs?: readonly LogJson[];
  readonly certificateAuthorities?: readonly AuthorityJson[];
  readonly ctlogs?: readonly LogJson[];
  readonly timestampAuthorities?: readonly AuthorityJson[];
}

/** Of the JSON itself, so that what our parser does not need survives. */
async function loadDefaults(io: Io): Promise<Defaults> {
  return wrapped('getting default trusted root', async () => {
    const content = await tufTarget(TRUSTED_ROOT, io);
    parseTrustedRoot(content);
    return JSON.parse(new TextDecoder().decode(content)) as Defaults;
  });
}

/** A log that is named replaces a default one with its key. */
function lastById(entries: readonly LogJson[]): LogJson[] {
  return [...new Map(entries.map((log) => [log.logId.keyId, log])).values()];
}

function oldestFirst<Entry>(entries: readonly Entry[], validity: (entry: Entry) => Validity): Entry[] {
  const start = (entry: Entry) => Date.parse(validity(entry).start);
  return entries.toSorted((a, b) => start(a) - start(b));
}

const logValidity = ({ publicKey }: LogJson): Validity => publicKey.validFor;
const authorityValidity = ({ validFor }: AuthorityJson): Validity => validFor;

function unlessEmpty(name: string, entries: readonly unknown[]): object {
  return entries.length === 0 ? {} : { [name]: entries };
}

// ---------------------------------------------------------------------------------------------------------- services

async function fulcioAuthorities(flags: ParsedFlags): Promise<AuthorityJson[]> {
  const named = await specs(flags, 'fulcio', async (spec) => {
    demand(spec, ['url', 'certificate-chain'], 'fulcio');
    const chain = await wrapped('parsing Fulcio certificate-chain', () => readChain(spec.get('certificate-chain') ?? ''));
    return authorityJson(chain, spec.get('url') ?? '', validityOf(spec, lastOf(chain).validity.start));
  });
  const uris = flags.list('fulcio-uri');
  const chains = flags.list('certificate-chain').map((file, i) => {
    const chain = readChain(file);
    return authorityJson(chain, uris[i] ?? '', { start: protoTime(lastOf(chain).validity.start) });
  });
  return [...named, ...chains];
}

async function timestampers(flags: ParsedFlags): Promise<AuthorityJson[]> {
  const named = await specs(flags, 'tsa', async (spec) => {
    demand(spec, ['url', 'certificate-chain'], 'tsa');
    const chain = await wrapped('parsing TSA certificate-chain', () => readChain(spec.get('certificate-chain') ?? ''));
    const leaf = timestampingLeaf(chain);
    return authorityJson(chain, spec.get('url') ?? '', validityOf(spec, leaf.validity.start));
  });
  const uris = flags.list('timestamp-uri');
  const chains = flags.list('timestamp-certificate-chain').map((file, i) => {
    const chain = readChain(file);
    timestampingLeaf(chain);
    if (chain.length < 2) throw new CommandError('certificate chain must have at least two certificates');
    return authorityJson(chain, uris[i] ?? '', { start: protoTime(lastOf(chain).validity.start) });
  });
  return [...named, ...chains];
}

function timestampingLeaf([leaf]: readonly Certificate[]): Certificate {
  if (leaf === undefined || leaf.isCa) throw new CommandError('first certificate in chain must be a leaf certificate');
  return leaf;
}

async function logs(service: 'ctfe' | 'rekor', flags: ParsedFlags): Promise<LogJson[]> {
  const named = await specs(flags, service, async (spec) => {
    demand(spec, ['url', 'public-key', 'start-time'], 'tlog');
    const file = spec.get('public-key') ?? '';
    const key = await wrapped('parsing public-key', () => readPublicKey(readFileCapped(file, MAX_FILE_BYTES)));
    return logJson({ key, url: spec.get('url') ?? '', origin: spec.get('origin'), validFor: validityOf(spec) });
  });
  const [urls, starts, ends] = [flags.list(`${service}-url`), flags.list(`${service}-start-time`), flags.list(`${service}-end-time`)];
  const keys = flags.list(`${service}-key`).map((reference, i) => {
    // Only for Rekor, whose second version has logs that are known by their origin.
    const [file = '', origin] = service === 'rekor' ? reference.split(/,(.*)/s) : [reference];
    const key = readPublicKey(readFileCapped(file, MAX_FILE_BYTES));
    const [start, end] = [starts[i], ends[i]];
    const validFor = {
      start: start === undefined ? '1970-01-01T00:00:00Z' : protoTime(parseTime(start)),
      ...(end !== undefined && { end: protoTime(parseTime(end)) }),
    };
    return logJson({ key, url: urls[i] ?? '', origin: origin || undefined, validFor });
  });
  return [...named, ...(await Promise.all(keys))];
}

/** What `read` makes of each value of a flag. */
async function specs<Entry>(flags: ParsedFlags, service: string, read: (spec: ServiceSpec) => Promise<Entry>): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const value of flags.list(service)) entries.push(await wrapped(`parsing ${service} spec`, () => read(parseServiceSpec(value))));
  return entries;
}

function demand(spec: ServiceSpec, names: readonly string[], service: string): void {
  const missing = names.find((name) => !spec.get(name));
  if (missing !== undefined) throw new CommandError(`missing or empty required key '${missing}' in ${service} spec`);
}

function readChain(file: string): Certificate[] {
  const pem = decodeUtf8(readFileCapped(file, MAX_FILE_BYTES)) ?? '';
  if (!pem.includes('-----BEGIN ')) throw new CommandError(`no certificates in file ${file}`);
  return parseCertificatesPem(pem);
}

function lastOf(chain: readonly Certificate[]): Certificate {
  return chain.at(-1) as Certificate;
}

function authorityJson(chain: readonly Certificate[], uri: string, validFor: Validity): AuthorityJson {
  const subject = readName(lastOf(chain).subject);
  const [organization] = subject.get(NAME.organization) ?? [];
  const commonName = subject.get(NAME.commonName)?.at(-1);
  return {
    subject: { ...(organization && { organization }), ...(commonName && { commonName }) },
    ...(uri !== '' && { uri }),
    certChain: { certificates: chain.map(({ der }) => ({ rawBytes: encodeBase64(der) })) },
    validFor,
  };
}

interface NamedLog {
  readonly key: ReturnType<typeof readPublicKey>;
  readonly url: string;
  readonly origin: string | undefined;
  readonly validFor: Validity;
}

/** With an origin the id is that of the log's checkpoints (c2sp.org/signed-note), else the hash of the key, as Rekor v1 and CT logs have it. */
async function logJson({ key, url, origin, validFor }: NamedLog): Promise<LogJson> {
  const id = await (origin === undefined ? nodeCrypto.hash('sha256', key.spki) : noteKeyId(nodeCrypto, origin, key));
  return {
    ...(url !== '' && { baseUrl: url }),
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: encodeBase64(key.spki), keyDetails: keyDetails(key), validFor },
    logId: { keyId: encodeBase64(id) },
  };
}

const OLDER_FLAGS: Readonly<Record<string, readonly string[]>> = {
  fulcio: ['certificate-chain', 'fulcio-uri'],
  rekor: ['rekor-key', 'rekor-url', 'rekor-start-time', 'rekor-end-time'],
  ctfe: ['ctfe-key', 'ctfe-url', 'ctfe-start-time', 'ctfe-end-time'],
  tsa: ['timestamp-certificate-chain', 'timestamp-uri'],
};
const MAX_FILE_BYTES = 1024 * 1024;
