/** `assay verify --source` over what a virtual instance has signed: files with provenance beside them, images, and nothing on any socket unless a test asks for it. */
import { utf8 } from '@assay/core';
import { createInstance, type Instance, type Sample, type SignOptions } from '@assay/testkit';
import { type Builder, GENERIC, type Source, type Statement, signedBy, statementOf, TAGGED } from './provenance-builds.ts';
import { type Run, type RunOptions, runCli, Scratch } from './run-cli.ts';

export interface BuildScene {
  readonly scratch: Scratch;
  readonly instance: Instance;
  readonly root: string;
  /** `assay …` with the instance's root; paths in the output are relative to the scratch folder. */
  assay(argv: readonly string[], options?: RunOptions): Promise<Run>;
  /** `assay verify` of a file, from `example/app` at its tag unless the flags say otherwise. */
  verify(file: string, flags?: readonly string[], options?: RunOptions): Promise<Run>;
  /** Provenance of files with these contents, by name. */
  sign(made?: Made): Sample;
  /** A new file, in a folder of its own. */
  file(): string;
}

export interface Made {
  readonly builder?: Builder;
  readonly source?: Source;
  readonly artifacts?: Readonly<Record<string, string>>;
  /** The statement, or its text. */
  readonly edit?: (statement: Statement) => object | string;
  readonly sign?: SignOptions;
}

export const CONTENT = 'an artifact\n';
export const SOURCE = ['--source', 'github.com/example/app'] as const;
/** The release workflow of the repository itself, and provenance as actions/attest makes it. */
export const OWN: Builder = {
  kind: 'own workflow, v1',
  signer: 'example/app/.github/workflows/release.yml@refs/tags/v1.4.2',
  id: 'https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.4.2',
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: (id) => ({
    buildDefinition: { buildType: 'https://actions.github.io/buildtypes/workflow/v1', externalParameters: {} },
    runDetails: { builder: { id } },
  }),
};

/** While the test file is loaded. */
export function openBuildScene(): BuildScene {
  const scratch = new Scratch();
  const instance = createInstance();
  const root = scratch.write('root.json', instance.trustedRoot());
  let count = 0;
  const assay: BuildScene['assay'] = async (argv, options = {}) =>
    scratch.relative(await runCli(argv, { ...options, env: { ASSAY_TRUST: root, ...options.env } }));
  return {
    scratch,
    instance,
    root,
    assay,
    verify: (file, flags = [], options = {}) =>
      assay(['verify', file, ...(flags.includes('--source') ? [] : SOURCE), ...(options.network === 'open' ? [] : ['--offline']), ...flags], options),
    sign: (made = {}) => sign(instance, made),
    file: () => scratch.write(`${count++}/app`, CONTENT),
  };
}

/** Of files with these contents, by name. */
export function sign(
  instance: Instance,
  { builder = GENERIC, source = TAGGED, artifacts = { app: CONTENT }, edit = (one) => one, sign: how = {} }: Made,
): Sample {
  const statement = edit(statementOf(builder, source, artifacts));
  const options = signedBy(builder, source, {});
  const payload = utf8(typeof statement === 'string' ? statement : JSON.stringify(statement));
  const [content = CONTENT] = Object.values(artifacts);
  return instance.sign(utf8(content), { ...options, payload, ...how, githubClaims: { ...options.githubClaims, ...how.githubClaims } });
}
