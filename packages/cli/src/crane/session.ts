/** One run of a command: access to registries as the flags have it, and what is told on the way. */
import type { Descriptor, Platform, RepositoryClient, RepositoryName, StoredManifest } from '@assay/oci';
import { DEFAULT_PLATFORM, imageForPlatform, parsePlatform, type StoredImage, targetOf } from '@assay/oci';
import type { Context } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { openRegistryAccess, type RegistryAccess } from '../registry-access.ts';
import type { Reference } from './reference.ts';

export class Session {
  readonly io: Io;
  /** Of `--platform`; undefined for an index as a whole. */
  readonly platform: Platform | undefined;
  readonly foreignLayers: 'copy' | 'skip';
  readonly #access: RegistryAccess;
  readonly #startedMs = Date.now();

  constructor(flags: ParsedFlags, { io, verbose }: Context) {
    const insecure = flags.bool('insecure');
    this.io = io;
    this.platform = flags.text('platform') === 'all' ? undefined : parsePlatform(flags.text('platform'));
    this.foreignLayers = flags.bool('allow-nondistributable-artifacts') ? 'copy' : 'skip';
    this.#access = openRegistryAccess(io, {
      userAgent: 'crane/0.22.1 (assay)',
      plainHttp: insecure ? 'always' : 'private',
      tls: { insecureSkipVerify: insecure },
      ...(verbose && { trace: (line: string) => this.log(line) }),
    });
  }

  close(): void {
    this.#access.close();
  }

  repository(name: RepositoryName): RepositoryClient {
    return this.#access.registries.repository(name);
  }

  connection(registry: string) {
    return this.#access.registries.connection(registry);
  }

  /** What the reference names. Errors: `OCI_NOT_FOUND` in the registry's words. */
  fetch(reference: Reference): Promise<StoredManifest> {
    return this.repository(reference).requireManifest(targetOf(reference));
  }

  /** The descriptor of what it names, or undefined and the refusal in Go's words. */
  async head(reference: Reference): Promise<{ readonly descriptor: Descriptor } | { readonly descriptor?: never; readonly refusal: string }> {
    const client = this.repository(reference);
    const target = targetOf(reference);
    const descriptor = await client.resolve(target);
    if (descriptor !== undefined) return { descriptor };
    const url = client.connection.describe(`${reference.repository}/manifests/${target}`);
    return { refusal: `HEAD ${url}: unexpected status code 404 Not Found (HEAD responses have no body, use GET for details)` };
  }

  /** The image it names; of an index that for `--platform`, or for linux/amd64. */
  async fetchImage(reference: Reference): Promise<StoredImage> {
    return this.imageOf(await this.fetch(reference), reference);
  }

  imageOf(stored: StoredManifest, reference: Reference): Promise<StoredImage> {
    return imageForPlatform(stored, this.repository(reference), this.platform ?? DEFAULT_PLATFORM, reference.text);
  }

  /** A line with the time in front, as crane's log has it. */
  log(line: string): void {
    const now = new Date(this.io.now.getTime() + Date.now() - this.#startedMs);
    const two = (value: number) => String(value).padStart(2, '0');
    const date = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`;
    const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
    // On a terminal the line may begin within one of progress.
    this.io.stderr(`${process.stderr.isTTY ? '\r\u001b[K' : ''}${date} ${time} ${line}\n`);
  }
}

/** Runs `work`, and ends its connections. */
export async function withSession<T>(flags: ParsedFlags, context: Context, work: (session: Session) => Promise<T>): Promise<T> {
  const session = new Session(flags, context);
  try {
    return await work(session);
  } finally {
    session.close();
  }
}
