/** `sha256sum -c checksums.txt`, where the page fetches checksums.txt and never verifies it. */
import { anchorOf, type Seen, stretch } from './command.ts';
import { isChecksums, isVerifier } from './installers.ts';

/** Of all commands of a page. */
export function checkChecksums(all: readonly Seen[]): void {
  const verified = all.filter(({ tool }) => isVerifier(tool));
  const fetched = all.filter(({ tool }) => tool.name === 'curl' || tool.name === 'wget');
  for (const seen of all.filter(({ tool }) => isChecksums(tool))) {
    const { page } = seen;
    for (const word of seen.tool.words.filter(({ text }) => !text.startsWith('-'))) {
      const file = nameOf(page.expand(word.text));
      const mentions = (one: Seen): boolean => one.tool.words.some(({ text }) => nameOf(page.expand(text)).startsWith(file));
      if (file.length < MIN_NAME || !fetched.some(mentions) || verified.some(mentions)) continue;
      page.report('checksums-unverified', stretch(seen, seen.tool.word, word), {
        says: `${file} comes from the same place as the files, and its signature is not verified`,
        correction: `cosign verify-blob --bundle ${file}.sigstore.json --certificate-identity IDENTITY --certificate-oidc-issuer ISSUER ${file} && ${page.text.slice(stretch(seen, seen.tool.word).start, stretch(seen, word).end)}`,
        anchor: anchorOf(seen),
      });
    }
  }
}

function nameOf(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}

const MIN_NAME = 4;
