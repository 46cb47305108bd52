/** CEL, as the policies of Kubernetes and Kyverno have it. */
export { type CelOptions, type CelProgram, type CelResult, compileCel } from './cel.ts';
export { checkCelCondition, evaluateCelCondition } from './condition.ts';
export { celEnvironment } from './environment.ts';
export { qualifiedNameProblems } from './library/format.ts';
export { askHost } from './library/kyverno.ts';
export { type CelHost, DEFAULT_COST, Meter } from './meter.ts';
export { register, registerAsync } from './register.ts';
export { type CelValue, fromCel, toCel } from './values.ts';
