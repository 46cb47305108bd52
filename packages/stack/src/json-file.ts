/** JSON files as all of them are written here: for people too, with a line end. */
import { utf8 } from '@assay/core';

export function jsonFile(value: object): Uint8Array<ArrayBuffer> {
  return utf8(`${JSON.stringify(value, undefined, 2)}\n`);
}
