/** A faulty or honest `docker-credential-NAME` as a little shell script. It notes how it was called in `calls`. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface HelperScript {
  /** For the `env` that is handed in: this folder comes first on its PATH. */
  readonly PATH: string;
  /** One line per call: action, a blank, what it got on stdin. */
  calls(): string[];
}

/** @param body shell commands; `$1` is the action and `$input` what came on stdin */
export function writeHelper(folder: string, name: string, body: string): HelperScript {
  const log = join(folder, `${name}.log`);
  const script = `#!/bin/sh\ninput=$(cat)\necho "$1 $input" >> '${log}'\n${body}\n`;
  writeFileSync(join(folder, `docker-credential-${name}`), script, { mode: 0o755 });
  appendFileSync(log, '');
  return {
    PATH: [folder, '/usr/bin', '/bin'].join(delimiter),
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []),
  };
}
