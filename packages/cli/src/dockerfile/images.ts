/**
 * The images that a Dockerfile names: what it builds on (`FROM`) and what it takes files from (`COPY --from`, `RUN --mount=from=`). Stages of its own and
 * `scratch` are none.
 *
 * Variables have the values that Docker gives them (Dockerfile reference, "Scope", "Understand how ARG and FROM interact"): in `FROM` those of `ARG` before the
 * first `FROM`; in a stage its own `ARG` and `ENV`. What `docker build --build-arg` would set is taken from the environment, where the file has no value.
 */
import { CommandError } from '../cobra/failure.ts';
import { splitCsv } from '../cosign/annotations.ts';
import { expand } from './expand.ts';
import { type Dockerfile, type Instruction, parseDockerfile } from './instructions.ts';
import { splitWords } from './words.ts';

export interface DockerfileImages {
  /** In the order of the file; one that is named twice is there twice. */
  readonly images: readonly string[];
  /** What the last stage is built on. */
  readonly base: string | undefined;
  /** What was passed over, and why. */
  readonly notes: readonly string[];
}

/** Errors: what Docker refuses too. */
export function imagesOfDockerfile(text: string, env: Readonly<Record<string, string | undefined>>): DockerfileImages {
  const finder = new Finder(parseDockerfile(text), env);
  return finder.find();
}

interface Stage {
  /** Through other stages; undefined for `scratch`. */
  readonly base: string | undefined;
}

class Finder {
  readonly #dockerfile: Dockerfile;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #globals = new Map<string, string | undefined>();
  readonly #stages: Stage[] = [];
  readonly #byName = new Map<string, Stage>();
  readonly #images: string[] = [];
  readonly #notes: string[] = [];
  /** Of the stage at hand. */
  #variables = new Map<string, string | undefined>();
  #lastFrom: string | undefined;

  constructor(dockerfile: Dockerfile, env: Readonly<Record<string, string | undefined>>) {
    this.#dockerfile = dockerfile;
    this.#env = env;
  }

  find(): DockerfileImages {
    for (const instruction of this.#dockerfile.instructions) {
      this.#take(instruction);
      if (this.#images.length > MAX_IMAGES) throw new CommandError(`more than ${MAX_IMAGES} images`);
    }
    return { images: this.#images, base: this.#stages.at(-1)?.base ?? this.#lastFrom, notes: this.#notes };
  }

  #take(instruction: Instruction): void {
    const { keyword } = instruction;
    if (keyword === 'FROM') this.#from(instruction);
    else if (keyword === 'ARG') this.#arg(instruction);
    else if (keyword === 'ENV') this.#setVariables(instruction);
    else if (keyword === 'COPY') this.#copy(instruction);
    else if (keyword === 'RUN') this.#mounts(instruction);
  }

  #words({ args }: Instruction): string[] {
    return splitWords(args, this.#dockerfile.escape);
  }

  #from(instruction: Instruction): void {
    const words = this.#words(instruction);
    const [name = '', as, stageName, ...more] = words.slice(words.findIndex((word) => !word.startsWith('--')));
    const { line } = instruction;
    const image = words.every((word) => word.startsWith('--')) ? '' : this.#expand(name, this.#globals);
    if (image === '') throw new CommandError(`no image found in line ${JSON.stringify(line)} (is a build arg missing from the environment?)`);
    if (as !== undefined && as.toUpperCase() === 'AS' && stageName === undefined) {
      throw new CommandError(`expected stage name after "AS" in line ${JSON.stringify(line)}`);
    }
    if (more.length > 0 || (as !== undefined && as.toUpperCase() !== 'AS'))
      throw new CommandError(`FROM takes an image, and AS with a name: ${JSON.stringify(line)}`);
    const stage = { base: this.#baseOf(image) };
    this.#stages.push(stage);
    if (stageName !== undefined) this.#byName.set(stageName.toLowerCase(), stage);
    this.#variables = new Map();
  }

  #baseOf(image: string): string | undefined {
    if (image === 'scratch') {
      this.#notes.push('- scratch image ignored');
      return undefined;
    }
    const stage = this.#byName.get(image.toLowerCase());
    if (stage !== undefined) {
      this.#notes.push(`- stage reference ignored: ${image}`);
      return stage.base;
    }
    this.#images.push(image);
    this.#lastFrom = image;
    return image;
  }

  /** `ARG NAME[=value] …` */
  #arg(instruction: Instruction): void {
    const isGlobal = this.#stages.length === 0;
    const scope = isGlobal ? this.#globals : this.#variables;
    for (const word of this.#words(instruction)) {
      const at = word.indexOf('=');
      const name = at < 0 ? word : word.slice(0, at);
      const value = at < 0 ? undefined : this.#expand(word.slice(at + 1), scope);
      scope.set(name, value ?? (isGlobal ? undefined : this.#globals.get(name)) ?? this.#env[name]);
    }
  }

  /** `ENV NAME=value …`, or the older `ENV NAME the rest`. */
  #setVariables(instruction: Instruction): void {
    const words = this.#words(instruction);
    const [first = ''] = words;
    // All of one line see the values from before it.
    const before = new Map(this.#variables);
    if (!first.includes('=')) {
      this.#variables.set(first, this.#expand(instruction.args.slice(first.length).trimStart(), before));
      return;
    }
    for (const word of words) {
      const at = word.indexOf('=');
      if (at > 0) this.#variables.set(word.slice(0, at), this.#expand(word.slice(at + 1), before));
    }
  }

  #copy(instruction: Instruction): void {
    const from = this.#flags(instruction).find((word) => word.startsWith('--from='));
    if (from !== undefined) this.#source(this.#expand(from.slice('--from='.length), this.#variables));
  }

  #mounts(instruction: Instruction): void {
    for (const word of this.#flags(instruction)) {
      if (!word.startsWith('--mount=')) continue;
      const members = splitCsv(this.#expand(word.slice('--mount='.length), this.#variables));
      for (const member of members) {
        const [name = '', ...value] = member.split('=');
        if (name.trim().toLowerCase() === 'from') this.#source(value.join('='));
      }
    }
  }

  /** They stand before everything else. */
  #flags(instruction: Instruction): string[] {
    const words = this.#words(instruction);
    const end = words.findIndex((word) => !word.startsWith('--'));
    return end < 0 ? words : words.slice(0, end);
  }

  /** A stage by its name or number, or an image. */
  #source(name: string): void {
    const isStage = this.#byName.has(name.toLowerCase()) || (/^\d+$/.test(name) && Number(name) < this.#stages.length);
    if (isStage || name === 'scratch' || name === '') return;
    this.#images.push(name);
  }

  #expand(word: string, scope: ReadonlyMap<string, string | undefined>): string {
    const lookup = (name: string): string | undefined => (scope.has(name) ? scope.get(name) : this.#env[name]);
    return expand(word, { escape: this.#dockerfile.escape, lookup });
  }
}

const MAX_IMAGES = 1000;
