/**
 * Where the interop matrix plays: registries with the referrers API and without, and in each an image and an index that crane made and a chart that helm made.
 * Signers and verifiers are ours and one version of the real cosign.
 */
import { writeFileSync } from 'node:fs';
import { createHttpClient } from '@assay/net';
import { openRegistries, parseReference, type Registries, type RepositoryClient } from '@assay/oci';
import { serveRegistry } from '@assay/testkit';
import { afterAll, beforeAll } from 'vitest';
import { type ForeignRegistry, startDebianRegistry, startGoRegistry } from './foreign-registry.ts';
import { type ForeignTool, findOnPath, findTool, runTool } from './foreign-tools.ts';
import { type Run, runCosign, Scratch } from './run-cli.ts';

/** Bundles that refer to the image, or layers under `.sig` and `.att`. */
export type Storage = 'new' | 'old';
export const STORAGES: readonly Storage[] = ['new', 'old'];
/** The testkit's with the referrers API, Debian's without, and go-containerregistry's without. */
export type RegistryKind = 'referrers API' | 'fallback tag' | 'fallback tag in memory';
export type Subject = 'image' | 'index' | 'chart';

/** Who signs or verifies, and what to tell it so that a key alone decides. */
export interface Party {
  readonly name: string;
  readonly signFlags: Readonly<Record<Storage, readonly string[]>>;
  readonly verifyFlags: Readonly<Record<Storage, readonly string[]>>;
  run(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Run>;
}

export interface Interop {
  readonly ours: Party;
  readonly theirs: Party;
  readonly scratch: Scratch;
  /** What is not on this machine; empty when nothing is missing. */
  readonly missing: readonly string[];
  /** A copy of the subject in a repository of its own. */
  place(subject: Subject, registry: RegistryKind): Promise<Placed>;
}

export interface Placed {
  /** `HOST/REPOSITORY@sha256:…` */
  readonly reference: string;
  /** Another image in the same repository, which nobody signs. */
  readonly sibling: string;
  readonly repository: RepositoryClient;
}

/** Files in the scratch folder: `cosign.key cosign.pub other.pub sbom.json provenance.json`. */
export function openInterop(version: '3.1.3' | '2.6.5'): Interop {
  const [cosign, crane, helm, registry] = [
    findTool('cosign', version),
    findTool('crane', '0.22.1'),
    findTool('helm', '3.22.0'),
    findTool('registry', '0.22.1'),
  ];
  const debian = findOnPath('docker-registry');
  const missing = missingOf([cosign, crane, helm, registry, { name: 'docker-registry', version: '2.8', path: debian }]);
  if (missing.length > 0) console.warn(`interop tests with cosign ${version} are skipped: no ${missing.join(', no ')} in ASSAY_TESTBED or on PATH`);

  const scratch = new Scratch();
  const env = { COSIGN_PASSWORD: 'of the tests', HELM_CACHE_HOME: scratch.folder };
  const run = async ({ path }: ForeignTool, ...argv: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await runTool(path, argv, { home: scratch.folder, env });
    if (status !== 0) throw new Error(`${path} ${argv.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const http = createHttpClient();
  const registries: Registries = openRegistries({ http });
  const hosts = new Map<RegistryKind, string>();
  const digests = new Map<Subject | 'sibling', string>();
  const closers: (() => Promise<void>)[] = [];
  let places = 0;

  beforeAll(async () => {
    if (missing.length > 0) return;
    writeFiles(scratch);
    await run(cosign, 'generate-key-pair', '--output-key-prefix', scratch.path('cosign'));
    await run(cosign, 'generate-key-pair', '--output-key-prefix', scratch.path('other'));
    await run(helm, 'package', scratch.path('chart'), '-d', scratch.folder);
    const open = async (kind: RegistryKind, starting: Promise<ForeignRegistry>): Promise<void> => {
      const started = await starting;
      closers.push(() => started.close());
      hosts.set(kind, started.host);
    };
    await open('referrers API', serveRegistry());
    await open('fallback tag', startDebianRegistry(debian));
    await open('fallback tag in memory', startGoRegistry(registry.path));
    for (const host of hosts.values()) {
      for (const name of ['image', 'sibling']) {
        await run(crane, 'append', '--oci-empty-base', '-f', scratch.path(`${name}.tar`), '-t', `${host}/base:${name}`);
      }
      await run(crane, 'index', 'append', '-m', `${host}/base:image`, '-m', `${host}/base:sibling`, '-t', `${host}/base:index`);
      await run(helm, 'push', scratch.path('chart-1.2.3.tgz'), `oci://${host}/base`, '--plain-http');
      await run(crane, 'copy', `${host}/base/chart:1.2.3`, `${host}/base:chart`);
      for (const name of ['image', 'index', 'chart', 'sibling'] as const) digests.set(name, await run(crane, 'digest', `${host}/base:${name}`));
    }
  });
  afterAll(async () => {
    http.close();
    for (const close of closers) await close();
  });

  return {
    scratch,
    missing,
    ours: {
      name: 'ours',
      signFlags: signFlags(scratch, '3.1.3'),
      verifyFlags: verifyFlags(scratch, '3.1.3'),
      run: (argv, more) => runCosign(argv, { env: { ...env, ...more }, network: 'open', now: new Date() }),
    },
    theirs: {
      name: `cosign ${version}`,
      signFlags: signFlags(scratch, version),
      verifyFlags: verifyFlags(scratch, version),
      run: (argv, more) => runTool(cosign.path, argv, { home: scratch.folder, env: { ...env, ...more } }),
    },
    async place(subject, registry) {
      places += 1;
      const host = hosts.get(registry);
      const name = `${host}/m/${places}`;
      for (const one of new Set([subject, 'sibling'])) await run(crane, 'copy', `${host}/base:${one}`, `${name}:${one}`);
      const at = (one: Subject | 'sibling') => `${name}@${digests.get(one)}`;
      return { reference: at(subject), sibling: at('sibling'), repository: registries.repository(parseReference(at(subject))) };
    },
  };
}

function missingOf(tools: readonly ForeignTool[]): string[] {
  return tools.filter(({ path }) => path === '').map(({ name, version }) => `${name} ${version}`);
}

/** Nothing is put on record: cosign 3 is told so by an empty signing configuration, or not to use any. */
function signFlags(scratch: Scratch, version: '3.1.3' | '2.6.5'): Party['signFlags'] {
  if (version === '2.6.5') return { new: ['--tlog-upload=false', '--new-bundle-format'], old: ['--tlog-upload=false'] };
  return {
    new: ['--signing-config', scratch.path('signing-config.json')],
    old: ['--use-signing-config=false', '--tlog-upload=false', '--new-bundle-format=false'],
  };
}

/** cosign 3 finds out by itself how evidence is stored. */
function verifyFlags(scratch: Scratch, version: '3.1.3' | '2.6.5'): Party['verifyFlags'] {
  const old = ['--insecure-ignore-tlog'];
  return { old, new: version === '3.1.3' ? old : [...old, '--new-bundle-format', '--trusted-root', scratch.path('empty-root.json')] };
}

function writeFiles(scratch: Scratch): void {
  scratch.write('signing-config.json', { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' });
  scratch.write('empty-root.json', { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' });
  scratch.write('sbom.json', {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    components: [{ type: 'library', name: 'k8s.io/client-go', version: 'v0.29.0' }],
  });
  scratch.write('provenance.json', {
    buildDefinition: { buildType: 'https://builds.example/v1', externalParameters: { ref: 'refs/tags/v1.2.3' } },
    runDetails: { builder: { id: 'https://builds.example/builder' }, metadata: { invocationId: '7' } },
  });
  scratch.write('chart/Chart.yaml', 'apiVersion: v2\nname: chart\nversion: 1.2.3\n');
  for (const name of ['image', 'sibling']) writeFileSync(scratch.path(`${name}.tar`), tarOf(`${name}.txt`, name));
}

/** One file (POSIX.1-1988, ustar). */
function tarOf(name: string, content: string): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  for (const [offset, text] of [
    [100, '0000644\0'],
    [108, '0000000\0'],
    [116, '0000000\0'],
    [124, `${content.length.toString(8).padStart(11, '0')}\0`],
    [136, '00000000000\0'],
    [148, '        '],
    [156, '0'],
    [257, 'ustar\x0000'],
  ] as const) {
    header.write(text, offset);
  }
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const body = Buffer.alloc(512);
  body.write(content);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}
