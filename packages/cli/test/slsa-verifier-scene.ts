/** `slsa-verifier` over files that a virtual instance has signed, with nothing on any socket. */
import { utf8 } from '@assay/core';
import { createInstance, type Instance, type SignOptions } from '@assay/testkit';
import { type Builder, GENERIC, type Source, signedBy, statementOf, TAGGED } from './provenance-builds.ts';
import { type Run, type RunOptions, runCli, Scratch } from './run-cli.ts';

export interface VerifierScene {
  readonly scratch: Scratch;
  readonly instance: Instance;
  /** With paths named below the scratch folder. */
  verifier(argv: readonly string[], options?: RunOptions): Promise<Run>;
  /** `verify-artifact` of `app`, built from `example/app`. */
  verify(provenance: string, flags?: readonly string[], options?: RunOptions): Promise<Run>;
  /** A bundle of provenance of `app`. */
  bundle(made?: Made): string;
}

export interface Made {
  readonly builder?: Builder;
  readonly source?: Source;
  /** The statement, or its text. */
  readonly edit?: (statement: Statement) => object | string;
  readonly sign?: SignOptions;
}

export interface Statement {
  readonly _type: string;
  readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
}

export const CONTENT = 'an artifact\n';
export const FAILED = 'FAILED: SLSA verification failed: ';
export const PASSED = 'PASSED: Verified SLSA provenance\nPASSED: SLSA verification passed\n';

/** While the test file is loaded. */
export function openVerifierScene(): VerifierScene {
  const scratch = new Scratch();
  const instance = createInstance();
  const trust = { ASSAY_TRUST: scratch.write('root.json', instance.trustedRoot()) };
  const app = scratch.write('app', CONTENT);
  let count = 0;
  const verifier: VerifierScene['verifier'] = async (argv, options = {}) =>
    scratch.relative(await runCli(['slsa-verifier', ...argv], { ...options, env: { ...trust, ...options.env } }));
  return {
    scratch,
    instance,
    verifier,
    verify(provenance, flags = [], options = {}) {
      const path = scratch.write(`provenance-${count++}.intoto.jsonl`, provenance);
      const source = flags.includes('--source-uri') ? [] : ['--source-uri', 'github.com/example/app'];
      return verifier(['verify-artifact', '--provenance-path', path, ...source, ...flags, app], options);
    },
    bundle: (made = {}) => Buffer.from(signed(instance, made)).toString(),
  };
}

function signed(instance: Instance, { builder = GENERIC, source = TAGGED, edit = (statement) => statement, sign = {} }: Made): Uint8Array {
  const statement = edit(statementOf(builder, source, { app: CONTENT }) as Statement);
  const options = signedBy(builder, source, {});
  const payload = utf8(typeof statement === 'string' ? statement : JSON.stringify(statement));
  return instance.sign(utf8(CONTENT), { ...options, ...sign, payload, githubClaims: { ...options.githubClaims, ...sign.githubClaims } }).bundleBytes;
}
