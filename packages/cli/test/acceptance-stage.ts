/** A row of the acceptance table set up: its image in a registry of its own, and its command line to run there. */
import { type Instance, serveRegistry, type TestRegistry } from '@assay/testkit';
import { type Claim, type Format, type Signing, signClaim, store } from './acceptance-evidence.ts';
import { putSubject, type VerifyRow, valuesOf } from './acceptance-rows.ts';
import { shellWords } from './acceptance-shell.ts';
import { runTool } from './foreign-tools.ts';
import { type Run, runCosign, type Scratch } from './run-cli.ts';

export class Stage {
  readonly row: VerifyRow;
  readonly registry: TestRegistry;
  /** Digests of the images in an index. */
  readonly children: readonly string[];
  readonly #subject: ReturnType<typeof putSubject>['subject'];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #trustedRoot: string;
  readonly #home: string;

  private constructor(row: VerifyRow, registry: TestRegistry, scratch: Scratch, trustedRoot: string) {
    const { subject, children } = putSubject(row, registry.content);
    this.row = row;
    this.registry = registry;
    this.children = children.map(({ digest }) => digest);
    this.#subject = subject;
    this.#trustedRoot = trustedRoot;
    this.#home = scratch.folder;
    const mirrors = scratch.write(`mirrors-${new URL(registry.url).port}.json`, { [row.host]: registry.url });
    this.#environment = { ASSAY_TRUST: trustedRoot, ASSAY_REGISTRY_MIRRORS: mirrors };
  }

  static async open(row: VerifyRow, scratch: Scratch, trustedRoot: string): Promise<Stage> {
    return new Stage(row, await serveRegistry(), scratch, trustedRoot);
  }

  get digest(): string {
    return this.#subject.digest;
  }

  /** As headers print it. */
  get printedName(): string {
    const { host, repository, tag, line } = this.row;
    return /\$(?:PINNED|IMAGE_DIGEST|CHART_DIGEST)/.test(line) ? `${host}/${repository}@${this.digest}` : `${host}/${repository}:${tag}`;
  }

  /** Who signs, as certificates name it. */
  get subjectName(): string {
    const { identity, githubClaims } = this.row.signer;
    return identity?.value ?? `https://github.com/${githubClaims?.job_workflow_ref}`;
  }

  /** The environment of a shell. */
  get variables(): Readonly<Record<string, string>> {
    return { ...valuesOf(this.row, this.digest), ...this.#environment };
  }

  close(): Promise<void> {
    return this.registry.close();
  }

  /** As the row says, but for `change`; nothing is stored yet. */
  sign(instance: Instance, format: Format, change: Partial<Pick<VerifyRow, 'signer' | 'annotations'>> = {}): Signing {
    const { host, repository, attests, signer } = this.row;
    const annotations = { ...this.row.annotations, ...change.annotations };
    const claim: Claim = { name: `${host}/${repository}`, digest: this.digest, annotations, ...(attests !== undefined && { attests }) };
    return signClaim(instance, claim, format, { ...signer, ...change.signer });
  }

  store(signing: Signing): void {
    store(signing, this.#subject, this.registry.content, this.row.side ?? this.row.repository);
  }

  /** The image goes, its repository stays. */
  removeImage(): void {
    const { content } = this.registry;
    content.deleteTag(this.row.repository, this.row.tag);
    content.repositories.get(this.row.repository)?.manifests.clear();
  }

  /** The row's command line, in this process, with the words that `edit` makes of it. */
  async play(edit: (words: readonly string[]) => readonly string[] = same, now = new Date()): Promise<Run> {
    const { env, words } = this.#words();
    return runCosign(edit(words.slice(1)), { env: { ...env, ...this.#environment }, network: 'open', now });
  }

  /** The same with the real cosign, which knows of no mirrors: to it the registry has the name that it has. */
  async playWith(cosign: string, edit: (words: readonly string[]) => readonly string[] = same): Promise<Run> {
    const { host, repository } = this.row;
    const { env, words } = this.#words();
    const name = new RegExp(`^(?:${host}/)?${repository}(?=[:@]|$)`);
    const argv = edit(words.slice(1)).map((word) => word.replace(name, `${this.registry.host}/${repository}`));
    const side = Object.fromEntries(Object.entries(env).map(([variable, value]) => [variable, value.replace(`${host}/`, `${this.registry.host}/`)]));
    const run = await runTool(cosign, [...argv, '--trusted-root', this.#trustedRoot], { home: this.#home, env: side });
    const named = (text: string) => text.replaceAll(`http://${this.registry.host}`, `https://${host}`).replaceAll(this.registry.host, host);
    return { status: run.status, stdout: named(run.stdout), stderr: named(run.stderr) };
  }

  #words() {
    return shellWords(this.row.line, valuesOf(this.row, this.digest));
  }
}

function same<T>(value: T): T {
  return value;
}
