import { expect, it } from 'vitest';
import { packageOf } from '../../test/inventories.ts';
import { encodePurls, encodeTable } from './tables.ts';

it('a table has equal rows once, sorted, as syft has them', () => {
  const rows = [packageOf('pkg:npm/b@1'), packageOf('pkg:npm/a@10'), packageOf('pkg:npm/b@1?x=y')];
  expect(encodeTable(rows)).toBe('NAME  VERSION  TYPE\na     10       npm\nb     1        npm\n');
  expect(encodeTable([])).toBe('no packages\n');
});

it('a name draws no line of its own', () => {
  const evil = packageOf('pkg:npm/a@1', { name: 'a\n\u001b[31mevil  6.6.6  npm\u202e' });
  expect(encodeTable([evil]).split('\n')).toHaveLength(3);
  expect(encodeTable([evil])).toContain('a\\u000a\\u001b[31mevil');
  expect(encodePurls([{ purl: 'pkg:npm/a\n' }])).toBe('pkg:npm/a\\u000a\n');
});
