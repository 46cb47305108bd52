export {
  type Engines,
  failureText,
  PolicyEngines,
  type PolicyEnginesOptions,
  type PolicyFailure,
  type PolicyLanguage,
  type PolicyOverDocument,
} from './policy-engines.ts';
export type { PolicyFile } from './request.ts';
