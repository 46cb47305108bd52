/** Structured logs: one JSON object a line, times in RFC 3339. Tokens, codes and keys are never logged fields; should one be, it is blotted out. */
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `write` gets whole lines. */
export function createLog(level: LogLevel, write: (line: string) => void): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    redact: SECRETS,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, { write });
}

const SECRETS = ['token', 'idToken', 'id_token', 'access_token', 'code', 'password', 'passphrase', 'authorization', 'headers.authorization'];
