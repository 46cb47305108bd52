import { describe, expect, test } from 'vitest';
import { isEmailAddress } from './email-address.ts';

describe('an address', () => {
  test.each(['jane@example.com', 'jane.doe+ci@mail.example.co.uk', "o'neil@example.com", 'a@b.cc', 'x_1-%@1.example.com'])('is accepted: %s', (text) => {
    expect(isEmailAddress(text)).toBe(true);
  });

  test.each([
    ['empty', ''],
    ['without a domain', 'jane'],
    ['without a local part', '@example.com'],
    ['with two at signs', 'jane@evil@example.com'],
    ['without a dot in the domain, which Fulcio refuses', 'jane@localhost'],
    ['with two dots in a row', 'jane..doe@example.com'],
    ['with a dot first', '.jane@example.com'],
    ['with a dot last', 'jane.@example.com'],
    ['with a space', 'jane doe@example.com'],
    ['with a line break', 'jane@example.com\n'],
    ['with a name around it', 'Jane <jane@example.com>'],
    ['with a quoted local part', '"jane"@example.com'],
    ['of an IP address', 'jane@[127.0.0.1]'],
    ['beyond ASCII, which rfc822Name cannot hold', 'jäne@example.com'],
    ['with a null character', 'jane\0@example.com'],
    ['with a label that ends in a hyphen', 'jane@example-.com'],
    ['with a local part of 65 characters', `${'a'.repeat(65)}@example.com`],
    ['longer than 254 characters', `jane@${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.com`],
  ])('is refused %s', (_, text) => expect(isEmailAddress(text)).toBe(false));

  test('that is long and hostile is refused at once', () => expect(isEmailAddress(`a@${'a.'.repeat(120)}!`)).toBe(false));
});
