/** What the engine is asked, byte for byte (tools/engine/main.go). */
import { utf8 } from '@assay/core';

export interface PolicyFile {
  /** For messages. */
  readonly name: string;
  readonly text: Uint8Array | string;
}

/** Numbered as there. */
export const DIALECTS = { policy: { cue: 0, rego: 1 }, cosign: { cue: 2, rego: 3 } } as const;

export function encodeRequest(dialect: number, files: readonly PolicyFile[], document: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [number(dialect), number(files.length)];
  const add = (content: Uint8Array): void => {
    parts.push(number(content.length), content);
  };
  for (const { name, text } of files) {
    add(utf8(name));
    add(bytesOf(text));
  }
  parts.push(bytesOf(document));
  // Memory of its own, which can be handed over to the thread.
  const request = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    request.set(part, at);
    at += part.length;
  }
  return request;
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? utf8(content) : content;
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
