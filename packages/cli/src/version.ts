/** The version of this build, from the package that ships it. */
import manifest from '../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
