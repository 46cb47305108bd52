/** Headers in the database of rpm, whichever of its three formats that has. The name of the file says nothing: they were converted in place. */
import { type Report, unreadable } from '../broken-parts.ts';
import { berkeleyRecords, isBerkeleyHash } from './berkeley.ts';
import { isNdb, ndbRecords } from './ndb.ts';
import { isSqlite, sqliteRecords } from './sqlite.ts';

/** What cannot be read is reported, and the rest goes on. Errors: `SBOM_UNREADABLE` when nothing can be read. */
export function* rpmRecords(content: Uint8Array, report: Report): Generator<Buffer, void, void> {
  let left = content.length;
  for (const record of recordsOf(content, report)) {
    // Headers do not overlap: a small file that says so would be read for hours.
    left -= record.length;
    if (left < 0) throw unreadable('its headers are larger than the file');
    yield record;
  }
}

function recordsOf(content: Uint8Array, report: Report): Iterable<Buffer> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  if (isSqlite(bytes)) return sqliteRecords(bytes, report);
  if (isNdb(bytes)) return ndbRecords(bytes, report);
  if (isBerkeleyHash(bytes)) return berkeleyRecords(bytes, report);
  throw unreadable('is no database of rpm: neither SQLite, nor ndb, nor a hash of Berkeley DB');
}
