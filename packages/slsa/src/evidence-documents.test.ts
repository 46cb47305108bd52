/** What lies in files of evidence, told by its form; and that no bytes make the reader throw. */
import { utf8 } from '@assay/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evidenceDocuments } from './evidence-documents.ts';

const BUNDLE = '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{}}';
const ENVELOPE = '{"payload":"","payloadType":"","signatures":[]}';

test.each([
  ['a bundle', BUNDLE, ['bundle']],
  ['a bundle without media type', '{"verificationMaterial":{}}', ['bundle']],
  ['a bundle over several lines', JSON.stringify(JSON.parse(BUNDLE), null, 2), ['bundle']],
  ['an envelope', ENVELOPE, ['envelope']],
  ['an envelope with its log entry', '{"mediaType":"application/vnd.assay.logged-envelope.v1+json"}', ['logged']],
  ["gcloud's description", '{"image_summary":{},"provenance_summary":{}}', ['cloud build']],
  ['lines', `${BUNDLE}\n\n \r\n${ENVELOPE}\nno JSON\n`, ['bundle', 'envelope', 'unknown']],
  ["npm's or GitHub's answer", `{"attestations":[{"bundle":${BUNDLE}},{"bundle":${BUNDLE}}]}`, ['bundle', 'bundle']],
  ['an answer without a bundle', '{"attestations":[{}]}', ['unknown']],
  ['an answer that is no list', '{"attestations":null}', ['unknown']],
  ['a list', '[]', ['unknown']],
  ['a text', '"x"', ['unknown']],
  ['nothing', '', ['unknown']],
  ['another document', '{"a":1}', ['unknown']],
  ['two documents on one line', BUNDLE + BUNDLE, ['unknown']],
  ['a member twice', '{"payload":"","payload":"","signatures":[]}', ['unknown']],
  ['a member twice, over several lines', '{\n"payload":"",\n"payload":"",\n"signatures":[]\n}', ['unknown']],
  ['more lines than are evidence', `${BUNDLE}\n`.repeat(1001), ['unknown']],
])('%s', (_, content, forms) => {
  expect(evidenceDocuments(utf8(content)).map(({ form }) => form)).toEqual(forms);
});

test('of any bytes something is told', () => {
  const pieces = fc.oneof(
    fc.uint8Array(),
    fc.json().map(utf8),
    fc.array(fc.constantFrom(BUNDLE, ENVELOPE, '\n', '{', '}', '"', ' ')).map((parts) => utf8(parts.join(''))),
  );
  fc.assert(fc.property(pieces, (bytes) => evidenceDocuments(bytes).length > 0));
});
