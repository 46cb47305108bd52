/** `--policy` (cosign.md section 4.7): CUE and Rego files over statements that verified. Any statement of the type that fails fails the image. */
import { quote } from '@assay/core';
import { readFileCapped } from '@assay/net';
import type { PolicyEngines, PolicyFile, PolicyLanguage } from '@assay/policy/engines';
import { CommandError, messageOf } from '../cobra/failure.ts';
import type { Accepted } from './image-evidence.ts';
import type { Invocation } from './invocation.ts';

export class AttestationPolicies {
  readonly #paths: readonly string[];
  #engines: PolicyEngines | undefined;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Looks at names alone: cosign does so once something has verified. Errors: `CommandError`. */
  refuseOthers(): void {
    if (this.#paths.some((path) => languageOf(path) === undefined)) throw new CommandError('invalid policy format, expected .cue or .rego');
  }

  /** @param type as it was typed; a short name decides in which form policies see the predicate. Errors: `CommandError`. */
  async check(attestations: readonly Accepted[], type: string, invocation: Invocation): Promise<void> {
    if (this.#paths.length === 0) return;
    const { io } = invocation;
    const failures: string[] = [];
    for (const { verification } of attestations) {
      const { statement } = verification.verified;
      if (statement === undefined) throw new TypeError('policies are about statements');
      failures.push(...(await this.#failures(await inputOf(statement.payload, type), invocation)));
    }
    if (failures.length === 0) return;
    io.stderr(`There are ${failures.length} number of errors occurred during the validation:\n\n`);
    for (const failure of failures) io.stderr(`- ${printable(failure)}\n`);
    throw new CommandError(`${failures.length} validation errors occurred`);
  }

  async close(): Promise<void> {
    await this.#engines?.close();
  }

  /** Those of CUE; only a statement that meets all of them is shown to Rego. */
  async #failures(input: string, { io }: Invocation): Promise<readonly string[]> {
    for (const { language, label } of LANGUAGES) {
      const paths = this.#paths.filter((path) => languageOf(path) === language);
      if (paths.length === 0) continue;
      io.stderr(`will be validating against ${label} policies: [${paths.join(' ')}]\n`);
      const failures = await this.#evaluate(language, paths, input);
      if (failures.length > 0) return failures;
    }
    return [];
  }

  async #evaluate(language: PolicyLanguage, paths: readonly string[], input: string): Promise<readonly string[]> {
    try {
      const files = paths.map((path) => readPolicy(path, language));
      const { PolicyEngines } = await import('@assay/policy/engines');
      this.#engines ??= new PolicyEngines();
      return await this.#engines.evaluateFiles(language, files, input);
    } catch (error) {
      return [messageOf(error)];
    }
  }
}

/** In the words of the two loaders. */
function readPolicy(path: string, language: PolicyLanguage): PolicyFile {
  try {
    return { name: path, text: readFileCapped(path, MAX_POLICY_BYTES) };
  } catch (error) {
    const problem = messageOf(error).replace(/^open (.*: no such file or directory)$/, 'stat $1');
    throw new CommandError(`${language === 'rego' ? '1 error occurred during loading: ' : ''}${problem}`, 1, { cause: error });
  }
}

const MAX_POLICY_BYTES = 4 * 1024 * 1024;

const LANGUAGES = [
  { language: 'cue', label: 'CUE' },
  { language: 'rego', label: 'Rego' },
] as const satisfies { language: PolicyLanguage; label: string }[];

/** As Go tells extensions: `.cue` alone has one. */
function languageOf(path: string): PolicyLanguage | undefined {
  const [, extension] = /\.([^./]*)$/.exec(path) ?? [];
  return LANGUAGES.find(({ language }) => language === extension)?.language;
}

async function inputOf(payload: Uint8Array, type: string): Promise<string> {
  const { attestationPayload } = await import('@assay/policy/cluster-image-policy');
  try {
    return attestationPayload(type, { statement: payload }).json ?? '';
  } catch (error) {
    throw new CommandError(`converting to consumable policy validation: ${messageOf(error)}`, 1, { cause: error });
  }
}

/** Messages have several lines, and quote what is in the statement. */
function printable(message: string): string {
  return message
    .split('\n')
    .map((line) =>
      line
        .split('\t')
        .map((part) => quote(part, 20_000))
        .join('\t'),
    )
    .join('\n');
}
