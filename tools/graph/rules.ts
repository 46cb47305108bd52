/**
 * The package graph of ARCHITECTURE.md as data: who may import whom, and who may touch the world.
 */

/** From the bottom to the top: a package imports only what stands before it. */
export const LEVELS = [
  'core',
  'crypto-node',
  'make',
  'net',
  'trust',
  'oci',
  'sign',
  'sbom',
  'slsa',
  'policy',
  'pin',
  'lint',
  'release',
  'kit',
  'stack',
  'admission',
  'web',
  'cli',
];

/** Beside the arrows: `testkit` imports what it likes below it, and only tests, examples and benchmarks import it. */
export const TEST_ONLY = 'testkit';
export const TESTKIT_IMPORTS = ['core', 'crypto-node', 'make'];

/** Imported by these alone, whatever the levels allow. */
export const RESERVED: Readonly<Record<string, readonly string[]>> = {
  make: ['sign', 'stack', 'admission', TEST_ONLY],
  stack: ['cli'],
};

export const MAY_OPEN_SOCKETS = ['net', 'stack', 'admission', TEST_ONLY];
export const MAY_PRINT = ['cli', 'web', 'admission'];

export const SOCKET_MODULES = ['net', 'http', 'https', 'http2', 'tls', 'dgram', 'dns', 'dns/promises', 'undici'];

/** Globals that are looked for: `new Date` stands for `new Date()` without arguments. */
export const PRINTS_OR_EXITS = ['console', 'process.stdout', 'process.stderr', 'process.exit', 'process.exitCode', 'process.abort'];
export const OPENS_SOCKETS = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource'];
export const FORBIDDEN_IN_CORE = ['process', 'Buffer', 'Date.now', 'new Date', 'Math.random', 'performance', 'setTimeout', 'setInterval', ...OPENS_SOCKETS];
