/** The cases of the vectors that need no image. The folder is `ASSAY_VECTORS`, by default beside the repository; without it they skip, visibly. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTrustError } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { matchesWildcard } from '../judge/text-pattern.ts';
import { imageInfo, imageText, parseKyverno, readScoped, scopedStatus, VERIFY_IMAGES_SCOPED, validateKyverno } from './index.ts';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly files: readonly string[];
  readonly expect: Readonly<Record<string, unknown>>;
}

const folder = join(resolve(fileURLToPath(new URL('../../../..', import.meta.url)), process.env['ASSAY_VECTORS'] ?? '../shared/vectors'), 'admission');
const present = existsSync(join(folder, 'cases.json'));
if (!present) console.warn(`tests of admission vectors are skipped: no cases.json in ${folder} (set ASSAY_VECTORS)`);
const cases = present ? (JSON.parse(read('cases.json')) as { cases: Case[] }).cases : [];

function read(path: string): string {
  return readFileSync(join(folder, path), 'utf8');
}

/** `tables/x.json#3` */
function row({ files: [place = ''] }: Case): Readonly<Record<string, string | null>> {
  const [path = '', index = ''] = place.split('#');
  return JSON.parse(read(path))[Number(index)];
}

function casesOf(kind: string, atLeast: number): Case[] {
  const found = cases.filter((one) => one.kind === kind);
  if (present && found.length < atLeast) throw new Error(`only ${found.length} cases of ${kind}`);
  return found;
}

/** All that is said against a policy; nothing when it is valid. */
function problems(text: string): string {
  try {
    return parseKyverno(text)
      .policies.flatMap((policy) => validateKyverno(policy).errors)
      .join('\n');
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return error.message;
  }
}

describe.skipIf(!present)('vectors', () => {
  test.for(casesOf('kyverno-validate', 13))('$name', ({ files: [file = ''], expect: expected }) => {
    const found = problems(read(file));
    if (expected['valid'] === true) expect(found).toBe('');
    else expect(found).toContain(expected['messageContains']);
  });

  test.for(casesOf('kyverno-image-string', 4))('$name', ({ expect: { text, expect: expected } }) => {
    expect(imageText(imageInfo(String(text)))).toBe(expected);
  });

  test.for(casesOf('kyverno-wildcard', 8))('$name', (one) => {
    const { pattern, text } = row(one);
    expect(matchesWildcard(String(pattern), String(text))).toBe(one.expect['match']);
  });

  test.for(casesOf('kyverno-annotation', 5))('$name', (one) => {
    const { scoped = null, namespace, policy, rule, image } = row(one);
    const object = { metadata: { annotations: scoped === null ? {} : { [VERIFY_IMAGES_SCOPED]: scoped } } };
    const scope = { namespace: String(namespace), policy: String(policy), rule: String(rule) };
    expect(scopedStatus(readScoped(object), scope, String(image))).toBe(one.expect['expect']);
  });
});
