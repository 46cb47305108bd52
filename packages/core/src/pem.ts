/**
 * PEM (RFC 7468): `-----BEGIN LABEL-----`, base64 lines, `-----END LABEL-----`. Text around the blocks is ignored, as
 * every tool of the field does; headers inside a block (RFC 1421) are not.
 */
import { decodeBase64, encodeBase64 } from './base64.ts';

export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

/** Every well-formed block in order; `malformed` when a block is unclosed or its content is not base64. */
export function parsePem(text: string): { blocks: PemBlock[]; malformed: boolean } {
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at)) {
    const block = readBlock(text, at);
    if (block === undefined) return { blocks, malformed: true };
    blocks.push(block.block);
    at = block.end;
  }
  return { blocks, malformed: false };
}

function readBlock(text: string, at: number): { block: PemBlock; end: number } | undefined {
  const labelStart = at + BEGIN.length;
  const labelEnd = text.indexOf(DASHES, labelStart);
  const label = text.slice(labelStart, labelEnd);
  if (labelEnd < 0 || !LABEL.test(label)) return undefined;
  const footer = `${END}${label}${DASHES}`;
  const bodyEnd = text.indexOf(footer, labelEnd);
  if (bodyEnd < 0) return undefined;
  const body = text.slice(labelEnd + DASHES.length, bodyEnd);
  const der = decodeBase64(body.includes(' ') || body.includes('\t') ? body.replace(/[ \t]/g, '') : body);
  if (der === undefined || der.length === 0) return undefined;
  return { block: { label, der }, end: bodyEnd + footer.length };
}

export function encodePem(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `${BEGIN}${label}${DASHES}\n${lines.join('\n')}\n${END}${label}${DASHES}\n`;
}

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';
const LABEL = /^[A-Z0-9 ]{1,64}$/;
