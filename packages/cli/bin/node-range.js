/** Which versions of Node run us. Apart from the rest, since every start needs it. */

/** The same range as `engines` of the published package. */
export const NODE_RANGE = '^22.22.2 || >=24.15';

/** @param {string} version e.g. `24.21.0` */
export function isSupported(version = process.versions.node) {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  if (major === 22) return minor > 22 || (minor === 22 && patch >= 2);
  return major > 24 || (major === 24 && minor >= 15);
}
