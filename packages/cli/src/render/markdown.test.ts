/** Results as a page: what it shows, and that nobody's text can forge any of it. */
import { type Check, fail, group, pass } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { renderMarkdown, type Shown } from './markdown.ts';

const MAX_BYTES = 1024 * 1024;
const held = group('verification', 'the evidence holds', [
  pass('log', 'the log vouches'),
  pass('san', 'the signer', { warning: 'a pattern matches everyone' }),
]);
const broken = group('verification', { pass: 'holds', fail: 'does not hold' }, [
  fail('artifact', 'ARTIFACT_MISMATCH_DIGEST', 'another artifact', { expected: 'sha256:1', found: 'sha256:2', hint: 'fetch it again' }),
  fail('san', 'IDENTITY_MISMATCH', 'another signer'),
]);
const accepted: Shown = { name: 'app.tgz', ending: 'accepted', facts: [['digest', 'sha256:1']], root: held };
const refused: Shown = { name: 'other.tgz', ending: 'refused', facts: [], root: broken };
const page = (...results: Shown[]): string => renderMarkdown(results, MAX_BYTES);

test('shows a table of each thing, with its proof folded', () => {
  expect(page(accepted)).toBe(`## Assay: 1 of 1 verified

<h3>✔ <code>app.tgz</code> is verified</h3>
<table>
<tr><th align="left">digest</th><td><code>sha256:1</code></td></tr>
<tr><th align="left">warning</th><td><code>a pattern matches everyone</code></td></tr>
</table>
<details>
<summary>proof</summary>
<pre>
  ✔ the log vouches
  ! the signer
    warning   a pattern matches everyone
</pre>
</details>

`);
});

test('says of a refusal what was expected, what was found, and what to try', () => {
  const rows = [...page(accepted, refused).matchAll(/<tr><th align="left">(.*?)<\/th><td><code>(.*?)<\/code>/g)].map(([, name, value]) => [name, value]);
  expect(rows.slice(2)).toEqual([
    ['because', 'another artifact  [ARTIFACT_MISMATCH_DIGEST]'],
    ['expected', 'sha256:1'],
    ['found', 'sha256:2'],
    ['try', 'fetch it again'],
    ['and', '1 more check failed'],
  ]);
  expect(page(accepted, refused)).toMatch(/^## Assay: 1 of 2 verified\n/);
});

test('a policy that only warns is told apart', () => {
  expect(page({ ...refused, ending: 'warned' })).toContain('<h3>! <code>other.tgz</code> would be refused by a policy that only warns</h3>');
});

describe('text of others', () => {
  test.each([
    ['tags', '</code></pre><img src=x onerror=alert(1)>', '&#60;/code&#62;&#60;/pre&#62;&#60;img src=x onerror=alert(1)&#62;'],
    ['entities', '&lt;b&gt;', '&#38;lt;b&#38;gt;'],
    ['quotes', `"'`, '&#34;&#39;'],
    ['blank lines, which would end the block', 'a\n\n# ✔ verified\n', 'a\\u000a\\u000a# ✔ verified\\u000a'],
    ['other line breaks', 'a\r\u2028\u0085b', 'a\\u000d\\u2028\\u0085b'],
    ['bidirectional overrides', 'a\u202eb', 'a\\u202eb'],
  ])('%s are escaped wherever they stand', (_, text, shown) => {
    const check: Check = fail('x', 'INTERNAL', text, { expected: text, found: text, hint: text, warning: text });
    const rendered = page({ name: text, ending: 'refused', facts: [[text, text]], root: group('r', text, [check]) });
    const ours = page({ name: 'N', ending: 'refused', facts: [['N', 'N']], root: group('r', 'N', [{ ...check, ...all('N') }]) });
    // Name, reason, three rows of it, a fact and its name, a warning; five in the tree.
    expect(rendered.split(shown)).toHaveLength(13 + 1);
    expect(rendered.split(shown).join('N')).toBe(ours);
  });

  test('reads as nothing but itself: no block ends before its proof', () => {
    for (const text of ['<details open>', '```', '| a | b |', '[x](https://evil.example)', '@everyone #1 :tada:', '-->', '<!--', '\u0000']) {
      const blocks = page({ name: text, ending: 'accepted', facts: [['by', text]], root: group('r', text, [pass('x', text)]) }).split('\n\n');
      expect(blocks).toHaveLength(3);
      expect(blocks[1]).toMatch(/^<h3>.*<\/details>$/s);
    }
  });
});

describe('a page that would be too large', () => {
  const many = Array.from({ length: 50 }, (_, i): Shown => ({ ...accepted, name: `app-${i}` }));
  const size = (text: string): number => Buffer.byteLength(text);
  const whole = size(renderMarkdown(many, MAX_BYTES));

  test('leaves proofs out first, and says so', () => {
    const text = renderMarkdown(many, whole - 1);
    expect(size(text)).toBeLessThan(whole);
    expect(text).toContain('<code>app-49</code>');
    expect(text).toMatch(/Too much for a page: 0 things and \d+ proofs are left out\.\n$/);
  });

  test('then things, and never exceeds what it may have', () => {
    for (const cap of [400, 1000, 5000, 10_000, whole]) {
      const text = renderMarkdown(many, cap);
      expect(size(text)).toBeLessThanOrEqual(cap);
      expect(text).toMatch(/^## Assay: 50 of 50 verified\n/);
    }
    expect(renderMarkdown(many, 1000)).toMatch(/Too much for a page: 4\d things/);
  });
});

function all(text: string) {
  return { says: text, expected: text, found: text, hint: text, warning: text };
}
