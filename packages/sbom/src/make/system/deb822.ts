/**
 * Stanzas of Debian's control files (deb822(5)): lines of `Field: value`, values going on in lines that begin with a space, and an empty line between
 * stanzas. Names of fields are compared without case.
 */
import { quote } from '@assay/core';
import type { Report } from './broken-parts.ts';
import { linesOf } from './lines.ts';

export interface Stanza {
  /** Where it begins, from 1. */
  readonly line: number;
  /** By lower-case name. Lines of one value are joined by newlines, without the spaces around. */
  readonly fields: Map<string, string>;
}

/** @param wanted lower-case names; the others are read over. What is no stanza is reported, and the rest goes on. */
export function* stanzasOf(content: Uint8Array, wanted: ReadonlySet<string>, report: Report): Generator<Stanza, void, void> {
  let stanza: Stanza | undefined;
  for (const { line, field, value, isMore } of entriesOf(content, report)) {
    const isRepeated = !isMore && field !== undefined && stanza?.fields.has(field) === true;
    // As far as one can tell, the empty line between two stanzas was lost.
    if (isRepeated) report(`line ${line} has a field a second time in one stanza: ${quote(field, 40)}`);
    if (stanza !== undefined && (field === undefined || isRepeated)) {
      yield stanza;
      stanza = undefined;
    }
    if (field === undefined) continue;
    stanza ??= { line, fields: new Map() };
    if (wanted.has(field)) stanza.fields.set(field, isMore ? `${stanza.fields.get(field)}\n${value}` : value);
  }
  if (stanza !== undefined) yield stanza;
}

interface Entry {
  readonly line: number;
  /** Undefined between stanzas. */
  readonly field: string | undefined;
  readonly value: string;
  /** It goes on with the value of the line before. */
  readonly isMore: boolean;
}

function* entriesOf(content: Uint8Array, report: Report): Generator<Entry, void, void> {
  let field: string | undefined;
  let line = 0;
  for (const text of linesOf(content, report)) {
    line++;
    if (text === '') {
      field = undefined;
      yield { line, field, value: '', isMore: false };
      continue;
    }
    const isMore = text.startsWith(' ') || text.startsWith('\t');
    const { name, value = '' } = FIELD.exec(text)?.groups ?? {};
    if (!isMore) field = name?.toLowerCase();
    if (field !== undefined) yield { line, field, value: isMore ? text.trim() : value.trim(), isMore };
    else report(`line ${line} is no field: ${quote(text, 80)}`);
  }
}

const FIELD = /^(?<name>[!-9;-~]+):(?<value>.*)$/;
