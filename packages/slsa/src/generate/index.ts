/** `@assay/slsa/generate`: provenance made. Pure apart from the HTTP client that it is given. Everything public, by name. */
export { refuseOtherCertificate } from './certificate-agreement.ts';
export { entryPointOf, type GithubApi } from './entry-point.ts';
export { type GithubV02, githubProvenanceV1, githubProvenanceV02 } from './github.ts';
export { factsOfGithubJob, type GithubContext, type GithubJob, readGithubContext, readGithubJob, refuseOtherGithubVariables } from './github-job.ts';
export { factsOfGitlabJob, type GitlabJob, gitlabProvenance, readGitlabJob } from './gitlab.ts';
export { type LocalBuild, localProvenance } from './local.ts';
export { outputNameOf, requireOutputName } from './output-name.ts';
export { encodePredicate, encodeProvenance, PROVENANCE_TYPES, type ProvenancePredicate, type ProvenanceVersion } from './statement.ts';
export { decodeSubjects, MAX_COMMON_SUBJECTS, type ProvenanceSubject, parseSubjects, requireSubjects } from './subjects.ts';
export type { JobToken } from './token-claims.ts';
export { type TokenIssuer, verifyTokenSignature } from './verify-token.ts';
