/** The TUF repository. */
export { openTufRepository, type TufExpiry, type TufOptions, type TufService } from './repository.ts';
export type { TufKeys } from './signers.ts';
export type { TufTarget } from './target.ts';
