/**
 * Two projects: `node` runs every test, `browser` runs the runtime-neutral ones (`*.neutral.test.ts`) again on real Chromium.
 * `CHROMIUM` names the browser; without one the browser project is left out, visibly.
 */
import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

const chromium = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);
if (chromium === undefined) process.stderr.write('browser tests are left out: no Chromium found (set CHROMIUM to its path)\n');

const globalSetup = ['packages/core/test/vectors-setup.ts'];
// Generous: no test depends on how fast the machine is, only a hang should end here.
const timeouts = { testTimeout: 120_000, hookTimeout: 60_000 };

// No background traffic: the tests talk to nobody but Vitest.
const QUIET = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic'];

const browser = {
  test: {
    name: 'browser',
    include: ['packages/**/*.neutral.test.ts'],
    globalSetup,
    ...timeouts,
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { ...(chromium && { executablePath: chromium }), args: QUIET } }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
  // Found while a test runs, a dependency would make Vite reload the page; so they are named.
  optimizeDeps: {
    include: [
      '@noble/curves/abstract/edwards.js',
      '@noble/curves/ed25519.js',
      '@noble/curves/nist.js',
      '@noble/hashes/legacy.js',
      '@noble/hashes/sha2.js',
      'fast-check',
      're2js',
    ],
  },
};

export default defineConfig({
  test: {
    // One more than the cores that CI has: many tests wait for processes.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'node',
          include: ['packages', 'tools', 'bench', 'conformance', 'examples'].map((folder) => `${folder}/**/*.test.ts`),
          globalSetup,
          ...timeouts,
        },
      },
      ...(chromium === undefined ? [] : [browser]),
    ],
  },
});
