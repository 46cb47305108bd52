/** What expressions of these policies have besides: `images`, `attestors` and `attestations`, and the functions over them. The host of the evaluation answers. */
import type { Environment } from '@marcbachmann/cel-js';
import { askHost, registerAsync } from '../engines/cel/index.ts';

/** `attestors.NAME`: a name, and nothing that an expression could look into. */
export class AttestorValue {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  static nameOf(value: unknown): string | undefined {
    return value instanceof AttestorValue ? value.#name : undefined;
  }
}

export function registerImageFunctions(environment: Environment): void {
  environment.registerType('imageverify.attestor', { ctor: AttestorValue, fields: {} });
  environment.registerVariable('images', 'map<string, list<string>>');
  environment.registerVariable('attestors', 'map<string, dyn>');
  environment.registerVariable('attestations', 'map<string, string>');
  registerAsync(environment, {
    'verifyImageSignatures(string, list): int': (...values) => askHost('verifyImageSignatures', values),
    'verifyAttestationSignatures(string, string, list): int': (...values) => askHost('verifyAttestationSignatures', values),
    'extractPayload(string, string): dyn': (...values) => askHost('extractPayload', values),
    'getImageData(string): dyn': (...values) => askHost('getImageData', values),
  });
}
