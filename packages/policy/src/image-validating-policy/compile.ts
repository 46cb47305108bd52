/** A policy whose expressions are compiled, each in the environment that it is evaluated in. What does not compile is refused with the path of its field. */
import { isTrustError, quote, TrustError } from '@assay/core';
import type { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { type CelProgram, type CelResult, celEnvironment, compileCel, qualifiedNameProblems } from '../engines/cel/index.ts';
import { type GeneratedSpec, generatedSpecs } from './autogen.ts';
import { compileGlob } from './glob.ts';
import { registerImageFunctions } from './image-functions.ts';
import { type ImageValidatingPolicy, judgesJson, type PolicyException } from './policy.ts';
import type { Attestor, NamedExpression, Spec } from './types.ts';
import { registerVariables } from './variables.ts';

export interface CompiledSpec {
  readonly spec: Spec;
  /** '' for what the author wrote. */
  readonly generated: '' | GeneratedSpec['name'];
  readonly matchConditions: readonly NamedProgram[];
  readonly exceptions: readonly CompiledException[];
  readonly references: readonly ImageMatcher[];
  readonly images: readonly NamedProgram[];
  readonly variables: readonly NamedProgram[];
  readonly attestors: readonly CompiledAttestor[];
  readonly validations: readonly CompiledValidation[];
  readonly auditAnnotations: readonly NamedProgram[];
}

export interface NamedProgram {
  readonly name: string;
  readonly program: CelProgram;
}

export type ImageMatcher = { readonly glob: (image: string) => boolean } | { readonly program: CelProgram };

export interface CompiledValidation {
  readonly program: CelProgram;
  readonly message: string;
  readonly messageProgram: CelProgram | undefined;
}

export interface CompiledAttestor {
  readonly attestor: Attestor;
  /** By where they stand in the attestor: `key`, `cert`, `certChain`, `trustedRoot`, `subject[0]`. */
  readonly programs: ReadonlyMap<string, CelProgram>;
}

export interface CompiledException {
  readonly exception: PolicyException;
  readonly conditions: readonly NamedProgram[];
}

export interface CompiledPolicy {
  readonly policy: ImageValidatingPolicy;
  /** As it was written, and as it was generated for what makes pods. */
  readonly specs: readonly CompiledSpec[];
  readonly warnings: readonly string[];
}

/** Errors: `POLICY_INVALID`, with all problems in its message. */
export function compilePolicy(policy: ImageValidatingPolicy, exceptions: readonly PolicyException[] = []): CompiledPolicy {
  const problems = new Problems();
  const own = compileSpec(policy, policy.spec, '', exceptions, problems);
  const generated = generatedSpecs(policy.spec).map(({ name, spec }) => compileSpec(policy, spec, name, exceptions, problems));
  problems.refuse();
  return { policy, specs: [own, ...generated], warnings: warningsOf(policy) };
}

/** What is wrong, by the paths of fields. The same mistake stands in what is generated too, and is told once. */
class Problems {
  readonly #found = new Set<string>();

  add(path: string, value: string, says: string): void {
    this.#found.add(`${path}: Invalid value: "${quote(value, 1000)}": ${says}`);
  }

  text(text: string): void {
    this.#found.add(text);
  }

  refuse(): void {
    if (this.#found.size > 0) throw new TrustError('POLICY_INVALID', [...this.#found].join(', '));
  }
}

/** Made once: to make one costs more than to compile all expressions of a policy. */
function environmentFor(kind: keyof typeof VARIABLES): Environment {
  const known = environments.get(kind);
  if (known !== undefined) return known;
  const environment = celEnvironment(VARIABLES[kind]);
  if (kind !== 'reference') registerImageFunctions(environment);
  if (kind === 'kubernetes') registerVariables(environment);
  environments.set(kind, environment);
  return environment;
}

const environments = new Map<string, Environment>();
const VARIABLES = {
  kubernetes: ['object', 'oldObject', 'request', 'namespaceObject', 'variables'],
  json: ['object'],
  reference: ['ref'],
} as const;

function compileSpec(
  policy: ImageValidatingPolicy,
  spec: Spec,
  generated: CompiledSpec['generated'],
  exceptions: readonly PolicyException[],
  problems: Problems,
): CompiledSpec {
  const environment = environmentFor(judgesJson(spec) ? 'json' : 'kubernetes');
  const declared = new Set<string>();
  const compile = (path: string, text: string, result: CelResult): CelProgram | undefined => {
    try {
      const program = compileCel(text, environment, result);
      const unknown = [...program.variables].find((name) => !declared.has(name));
      if (unknown !== undefined) problems.add(path, text, `undefined field '${quote(unknown)}'`);
      refuseInNamespace(policy, path, text, problems);
      return program;
    } catch (error) {
      if (!isTrustError(error)) throw error;
      problems.add(path, text, error.message);
      return undefined;
    }
  };
  const all = (field: string, expressions: readonly NamedExpression[], result: CelResult, name = 'expression'): NamedProgram[] =>
    expressions.flatMap((one, i) => {
      const program = compile(`spec.${field}[${i}].${name}`, one.expression, result);
      return program === undefined ? [] : [{ name: one.name, program }];
    });
  checkConditions(spec, problems);
  checkConstraints(spec, problems);
  const matchConditions = all('matchConditions', spec.matchConditions, 'bool');
  const images = all('images', spec.images, 'list');
  const compiledExceptions = exceptions
    .filter((exception) => isAbout(exception, policy))
    .map((exception) => ({ exception, conditions: all('matchConditions', exception.spec.matchConditions, 'bool') }));
  const references = spec.matchImageReferences.flatMap(({ glob = '', expression = '' }, i): ImageMatcher[] => {
    const path = `spec.matchImageReferences[${i}]`;
    try {
      if (glob !== '') return [{ glob: compileGlob(glob) }];
      if (expression !== '') return [{ program: compileCel(expression, environmentFor('reference'), 'bool') }];
      problems.text(`${path}: Invalid value: either glob or expression must be set`);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      problems.add(`${path}.${glob === '' ? 'expression' : 'glob'}`, glob === '' ? expression : glob, error.message);
    }
    return [];
  });
  // A variable sees those that stand before it.
  const variables = spec.variables.flatMap((variable, i) => {
    const program = compile(`spec.variables[${i}].expression`, variable.expression, 'any');
    declared.add(variable.name);
    return program === undefined ? [] : [{ name: variable.name, program }];
  });
  const attestors = spec.attestors.map((attestor, i) => compileAttestor(attestor, `spec.attestors[${i}]`, compile, problems));
  const validations = spec.validations.flatMap(({ expression, message = '', messageExpression = '' }, i) => {
    const program = compile(`spec.validations[${i}].expression`, expression, 'bool');
    const messageProgram = messageExpression === '' ? undefined : compile(`spec.validations[${i}].messageExpression`, messageExpression, 'string');
    return program === undefined ? [] : [{ program, message, messageProgram }];
  });
  const annotations = spec.auditAnnotations.map(({ key, valueExpression }) => ({ name: key, expression: valueExpression }));
  const auditAnnotations = all('auditAnnotations', annotations, 'any', 'valueExpression');
  return { spec, generated, matchConditions, exceptions: compiledExceptions, references, images, variables, attestors, validations, auditAnnotations };
}

/** Policies of a namespace see neither the whole cluster nor the network. */
function refuseInNamespace({ namespace }: ImageValidatingPolicy, path: string, text: string, problems: Problems): void {
  if (namespace === '') return;
  for (const library of ['globalContext', 'http'])
    if (new RegExp(`\\b${library}\\s*\\.`).test(text)) problems.text(`${path}: Forbidden: ${library}.* is not allowed in namespaced policies`);
}

/** By name and kind; one of a namespace is about policies of this namespace, or of the cluster. */
function isAbout({ spec: { policyRefs } }: PolicyException, { name, kind }: ImageValidatingPolicy): boolean {
  return policyRefs.some((reference) => reference.name === name && reference.kind === kind);
}

function checkConditions({ matchConditions }: Spec, problems: Problems): void {
  if (matchConditions.length > MAX_CONDITIONS)
    problems.text(`spec.matchConditions: Too many: ${matchConditions.length}: must have at most ${MAX_CONDITIONS} items`);
  const names = new Set<string>();
  matchConditions.forEach(({ name }, i) => {
    const path = `spec.matchConditions[${i}].name`;
    if (name === '') problems.text(`${path}: Required value`);
    else for (const problem of qualifiedNameProblems(name)) problems.add(path, name, problem);
    if (names.has(name)) problems.text(`${path}: Duplicate value: "${quote(name)}"`);
    names.add(name);
  });
}

const MAX_CONDITIONS = 64;

function checkConstraints(spec: Spec, problems: Problems): void {
  if (!judgesJson(spec) && (spec.matchConstraints?.resourceRules ?? []).length === 0)
    problems.text('spec.matchConstraints: Required value: a matchConstraints with at least one resource rule is required');
}

type Compile = (path: string, text: string, result: CelResult) => CelProgram | undefined;

function compileAttestor(attestor: Attestor, path: string, compile: Compile, problems: Problems): CompiledAttestor {
  const { cosign, notary } = attestor;
  const wanted: [string, string, string | undefined][] = [
    ['key', `${path}.cosign.key.expression`, cosign?.key?.expression],
    ['cert', `${path}.cosign.certificate.cert.expression`, cosign?.certificate?.cert?.expression],
    ['certChain', `${path}.cosign.certificate.certChain.expression`, cosign?.certificate?.certChain?.expression],
    ['trustedRoot', `${path}.cosign.trustedRoot.expression`, cosign?.trustedRoot?.expression],
    ['certs', `${path}.notary.certs.expression`, notary?.certs?.expression],
    ['tsaCerts', `${path}.notary.tsaCerts.expression`, notary?.tsaCerts?.expression],
  ];
  (cosign?.keyless?.identities ?? []).forEach(({ issuerRegExp, subjectRegExp, subjectExpression }, i) => {
    const at = `${path}.cosign.keyless.identities[${i}]`;
    wanted.push([`subject[${i}]`, `${at}.subjectExpression`, subjectExpression]);
    if ((subjectExpression ?? '') !== '' && (subjectRegExp ?? '') !== '')
      problems.text(`${at}: Invalid value: subjectRegExp and subjectExpression are mutually exclusive`);
    for (const [name, pattern] of Object.entries({ issuerRegExp, subjectRegExp })) checkPattern(`${at}.${name}`, pattern ?? '', problems);
  });
  const programs = new Map<string, CelProgram>();
  for (const [name, at, text] of wanted) {
    const program = text === undefined || text === '' ? undefined : compile(at, text, 'string');
    if (program !== undefined) programs.set(name, program);
  }
  return { attestor, programs };
}

function checkPattern(path: string, pattern: string, problems: Problems): void {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    problems.add(path, pattern, error instanceof Error ? error.message : String(error));
  }
}

/** What is let in when the policy is written, and refused when it is asked. */
function warningsOf({ spec }: ImageValidatingPolicy): string[] {
  return spec.attestors.flatMap(({ name, notary }, i) =>
    notary === undefined
      ? []
      : [`spec.attestors[${i}]: attestor ${quote(name)} verifies Notary signatures, which is not supported: what asks for it is denied`],
  );
}
