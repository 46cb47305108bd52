import { expect, test } from 'vitest';
import { isPrivateAddress, isPrivateHost } from './private-address.ts';

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fd00::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::a00:1',
  'not an address',
])('%s is private', (address) => expect(isPrivateAddress(address)).toBe(true));

test.each(['8.8.8.8', '172.32.0.1', '172.15.0.1', '169.253.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) =>
  expect(isPrivateAddress(address)).toBe(false),
);

test.each([
  ['http://[::1]/', true],
  ['http://0x7f.1/', true],
  ['http://2130706433/', true],
  ['http://localhost/', true],
  ['http://LOCALHOST./', true],
  ['http://a.localhost/', true],
  ['http://8.8.8.8/', false],
  ['http://localhost.example/', false],
])('the host of %s is private: %s', (url, expected) => {
  expect(isPrivateHost(new URL(url).hostname, isPrivateAddress)).toBe(expected);
});
