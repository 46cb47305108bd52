/** `@assay/policy`: one policy model, and judging images by it. The dialects and the engines are apart, so that nothing is loaded that is not used. */
export {
  type FieldError,
  type FieldErrors,
  fieldErrorText,
  fieldWarningLines,
  fieldWarnings,
  genericError,
  hasErrors,
  invalidValue,
  viaField,
  viaIndex,
} from './field-errors.ts';
export type { ImagePolicy, PolicyVerdict, ReviewedObject } from './image-policy.ts';
export type { PolicyEngines } from './judge/engines.ts';
export { type EvidencePlace, type EvidenceSource, FoundEvidence } from './judge/evidence.ts';
export type { Accepted, Refused } from './judge/examine.ts';
export { imageConfigs } from './judge/image-configs.ts';
export { type JudgeOptions, judge } from './judge/judge.ts';
export { namedImage, type SubjectOptions, subjectOf } from './judge/open-subject.ts';
export { type FailedCondition, type Outcome, unavailable } from './judge/outcome.ts';
export type { Subject } from './judge/subject.ts';
export { compilePattern, matchesWildcard } from './judge/text-pattern.ts';
export type * from './model.ts';
