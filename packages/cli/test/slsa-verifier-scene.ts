/** `slsa-verifier` over files that a virtual instance has signed, with nothing on any socket. */
import { createInstance, type Instance } from '@assay/testkit';
import { CONTENT, type Made, sign } from './build-scene.ts';
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
    bundle: (made = {}) => Buffer.from(sign(instance, made).bundleBytes).toString(),
  };
}
