/** Changes to how an image is run and described. Its layers stay as they are. */
import { quote, TrustError } from '@assay/core';
import type { Platform } from '../manifest.ts';
import type { Image } from './image.ts';
import type { ImageConfig, RunConfig } from './image-shapes.ts';

export interface ImageChanges {
  /** Of the manifest; added to those there are, as labels are to those of the configuration. */
  readonly annotations?: ReadonlyMap<string, string>;
  readonly labels?: ReadonlyMap<string, string>;
  /** In order; a variable that is there already keeps its place. */
  readonly env?: readonly (readonly [name: string, value: string])[];
  /** A new entry point drops the command that went with the old one. */
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  /** Instead of those there are. */
  readonly exposedPorts?: readonly string[];
  readonly platform?: Platform;
}

/** Errors: `OCI_CONFIG` when the image's environment is malformed. */
export function mutateImage(image: Image, changes: ImageChanges): Image {
  const { manifest, config } = image;
  const annotations = changes.annotations && merged(manifest.annotations, changes.annotations);
  return {
    ...image,
    manifest: { ...manifest, ...(annotations && { annotations }) },
    config: config && { ...config, config: runConfig(config, changes), ...(changes.platform && platformMembers(changes.platform)) },
  };
}

function runConfig(image: ImageConfig, { labels, env = [], entrypoint, cmd, user, workdir, exposedPorts }: ImageChanges): RunConfig {
  const before = image.config;
  return {
    ...before,
    ...(labels && { Labels: merged(before.Labels, labels) }),
    ...(env.length > 0 && { Env: changedEnv(before.Env ?? [], env, image.os) }),
    ...(entrypoint && { Entrypoint: entrypoint, Cmd: null }),
    ...(cmd && { Cmd: cmd }),
    ...(user && { User: user }),
    ...(workdir && { WorkingDir: workdir }),
    ...(exposedPorts && { ExposedPorts: new Map(exposedPorts.map((port) => [port, {}])) }),
  };
}

function changedEnv(before: readonly string[], env: readonly (readonly [string, string])[], os: string): string[] {
  const wanted = new Map(env);
  const nameOf = (entry: string): string => {
    const at = entry.indexOf('=');
    if (at < 0) throw new TrustError('OCI_CONFIG', `invalid key value pair in config: ${quote(entry)}`);
    return entry.slice(0, at);
  };
  const there = new Set(before.map(nameOf));
  const kept = before.map((entry) => (wanted.has(nameOf(entry)) ? `${nameOf(entry)}=${wanted.get(nameOf(entry))}` : entry));
  // Windows knows no case in the names of variables.
  const added = env.filter(([name]) => !there.has(name)).map(([name, value]) => `${os === 'windows' ? name.toUpperCase() : name}=${value}`);
  return [...kept, ...added];
}

function platformMembers({ os, architecture, variant = '', osVersion = '' }: Platform) {
  return { os, architecture, variant, 'os.version': osVersion };
}

function merged(before: ReadonlyMap<string, string> | null, added: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...(before ?? []), ...added]);
}
