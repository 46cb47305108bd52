/** The stack's log on standard error: one JSON object a line, as its operators' tools read it. */
import { createLog, type Logger, type LogLevel } from '@assay/stack';
import type { Io } from '../../io.ts';

export { LOG_LEVELS, type LogLevel } from '@assay/stack';

export function stackLog(level: LogLevel, io: Io): Logger {
  return createLog(level, (line) => io.stderr(line));
}
