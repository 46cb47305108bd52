/**
 * Image configurations and manifests as tools read and write them that change images: the members and their order are those of the structs of
 * go-containerregistry, whose output is the yardstick (OCI image specification, "Image Configuration"; Docker's is the same with more members).
 */
import { base64, digest, flag, integer, list, map, optional, pointer, type ShapeType, struct, text, time } from './go-shape.ts';

const PLATFORM = struct({
  architecture: text,
  os: text,
  'os.version': optional(text),
  'os.features': optional(list(text)),
  variant: optional(text),
  features: optional(list(text)),
});

export const DESCRIPTOR = struct({
  mediaType: text,
  size: integer,
  digest,
  data: optional(base64),
  urls: optional(list(text)),
  annotations: optional(map(text)),
  platform: optional(pointer(PLATFORM)),
  artifactType: optional(text),
});

export const MANIFEST = struct({
  schemaVersion: integer,
  mediaType: optional(text),
  config: DESCRIPTOR,
  layers: list(DESCRIPTOR),
  annotations: optional(map(text)),
  subject: optional(pointer(DESCRIPTOR)),
  artifactType: optional(text),
});

const NOTHING = struct<object>({});

const HEALTH_CHECK = struct({
  Test: optional(list(text)),
  Interval: optional(integer),
  Timeout: optional(integer),
  StartPeriod: optional(integer),
  Retries: optional(integer),
});

/** How a container is run. */
export const RUN_CONFIG = struct({
  AttachStderr: optional(flag),
  AttachStdin: optional(flag),
  AttachStdout: optional(flag),
  Cmd: optional(list(text)),
  Healthcheck: optional(pointer(HEALTH_CHECK)),
  Domainname: optional(text),
  Entrypoint: optional(list(text)),
  Env: optional(list(text)),
  Hostname: optional(text),
  Image: optional(text),
  Labels: optional(map(text)),
  OnBuild: optional(list(text)),
  OpenStdin: optional(flag),
  StdinOnce: optional(flag),
  Tty: optional(flag),
  User: optional(text),
  Volumes: optional(map(NOTHING)),
  WorkingDir: optional(text),
  ExposedPorts: optional(map(NOTHING)),
  ArgsEscaped: optional(flag),
  NetworkDisabled: optional(flag),
  MacAddress: optional(text),
  StopSignal: optional(text),
  Shell: optional(list(text)),
});

export const HISTORY = struct({
  author: optional(text),
  created: time,
  created_by: optional(text),
  comment: optional(text),
  empty_layer: optional(flag),
});

const CONFIG_MEMBERS = {
  architecture: text,
  author: optional(text),
  container: optional(text),
  created: time,
  docker_version: optional(text),
  history: optional(list(HISTORY)),
  os: text,
  rootfs: struct({ type: text, diff_ids: list(digest) }),
  config: RUN_CONFIG,
  'os.version': optional(text),
  variant: optional(text),
  'os.features': optional(list(text)),
};

export const IMAGE_CONFIG = struct(CONFIG_MEMBERS);

/** The `json` of a layer in the older form of `docker save` archives. */
export const LEGACY_LAYER = struct({
  ...CONFIG_MEMBERS,
  container_config: RUN_CONFIG,
  id: optional(text),
  parent: optional(text),
  throwaway: optional(flag),
  comment: optional(text),
});

export type ManifestContent = ShapeType<typeof MANIFEST>;
export type DescriptorContent = ShapeType<typeof DESCRIPTOR>;
export type ImageConfig = ShapeType<typeof IMAGE_CONFIG>;
export type RunConfig = ShapeType<typeof RUN_CONFIG>;
