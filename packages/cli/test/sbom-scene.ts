/** An image with a few packages of a system and of Node, in a registry of the testkit; and a key pair. */
import { utf8 } from '@assay/core';
import { digestOf, OCI_CONFIG } from '@assay/oci';
import { type Descriptor, OCI_INDEX, putImage, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll } from 'vitest';
import { type Files, tarOf } from './crane-scene.ts';
import { type Run, type RunOptions, runCli, Scratch } from './run-cli.ts';

export interface SbomScene {
  readonly scratch: Scratch;
  readonly registry: TestRegistry;
  readonly key: string;
  readonly pub: string;
  assay(argv: readonly string[], options?: RunOptions): Promise<Run>;
  /** In a repository of its own, under the tag `1`. */
  image(...layers: readonly Files[]): Promise<SbomImage>;
  /** The reference of an index over images, by architecture. */
  index(platforms: Readonly<Record<string, readonly Files[]>>): Promise<string>;
}

export interface SbomImage {
  /** `HOST/REPOSITORY`. */
  readonly name: string;
  readonly repository: string;
  readonly digest: string;
  /** `NAME:1`. */
  readonly reference: string;
  readonly layers: readonly string[];
}

/** What every image has that is asked for without layers. */
export const SYSTEM: Files = {
  'etc/os-release': 'ID=debian\nVERSION_ID=12\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  'var/lib/dpkg/status': [dpkg('curl', '8.5.0-1', 'Depends: libssl3 (>= 3.0)\n'), dpkg('libssl3', '3.0.13-1')].join('\n'),
};
export const APPLICATION: Files = { 'app/node_modules/left/package.json': node('left', '1.2.3', 'MIT') };

export function dpkg(name: string, version: string, more = ''): string {
  return `Package: ${name}\nStatus: install ok installed\nMaintainer: Some One <someone@example.org>\nArchitecture: amd64\nVersion: ${version}\n${more}`;
}

export function node(name: string, version: string, license: string): string {
  return JSON.stringify({ name, version, license });
}

/** To be awaited while the test file is loaded. */
export async function openSbomScene(): Promise<SbomScene> {
  const scratch = new Scratch();
  const registry = await serveRegistry();
  afterAll(() => registry.close());
  const assay = (argv: readonly string[], options: RunOptions = {}): Promise<Run> =>
    runCli(argv, { network: 'open', ...options, env: { COSIGN_PASSWORD: 'secret', ...options.env } });
  const prefix = scratch.path('k');
  await assay(['cosign', 'generate-key-pair', '--output-key-prefix', prefix]);
  let count = 0;
  const put = async (repository: string, layers: readonly Files[], tag?: string): Promise<Descriptor> => {
    const bytes = await Promise.all(layers.map(tarOf));
    const diffIds = bytes.map((one) => digestOf(one));
    const config = { architecture: 'amd64', os: 'linux', created: '2024-05-06T07:08:09Z', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } };
    return putImage(registry.content, repository, {
      layers: bytes.map((one) => ({ mediaType: TAR, bytes: one })),
      config: { mediaType: OCI_CONFIG, bytes: utf8(JSON.stringify(config)) },
      ...(tag !== undefined && { tag }),
    });
  };
  return {
    scratch,
    registry,
    key: `${prefix}.key`,
    pub: `${prefix}.pub`,
    assay,
    async image(...given) {
      const repository = `team/app${++count}`;
      const layers = given.length === 0 ? [SYSTEM, APPLICATION] : given;
      const { digest } = await put(repository, layers, '1');
      const name = `${registry.host}/${repository}`;
      return { name, repository, digest, reference: `${name}:1`, layers: (await Promise.all(layers.map(tarOf))).map((one) => digestOf(one)) };
    },
    async index(platforms) {
      const repository = `team/multi${++count}`;
      const children = Object.entries(platforms).map(async ([architecture, layers]) => ({
        ...(await put(repository, layers)),
        platform: { os: 'linux', architecture },
      }));
      const manifests = await Promise.all(children);
      registry.content.putManifest(repository, { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, { tag: '1', mediaType: OCI_INDEX });
      return `${registry.host}/${repository}:1`;
    },
  };
}

const TAR = 'application/vnd.oci.image.layer.v1.tar';
