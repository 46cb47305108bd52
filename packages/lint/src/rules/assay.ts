/** Our own command lines: patterns hold for the whole, so that anchors are not asked for. */
import type { FlagRules } from '../read/tool.ts';
import { anchorOf, argumentsIn, isMention, isUnsure, type Seen } from './command.ts';
import { reportIssuer } from './cosign.ts';
import { checkPattern } from './identity.ts';

export function checkAssay(seen: Seen): void {
  const given = argumentsIn(seen, FLAGS);
  const { page, script } = seen;
  for (const { name, value } of given.flags) {
    const of = name === 'identity-regexp' ? 'identity' : name === 'issuer-regexp' ? 'issuer' : undefined;
    if (of !== undefined && value !== undefined) checkPattern(page, page.valueOf(script.excerpt, value), { of, mode: 'whole' }, anchorOf(seen));
  }
  const [command] = given.positionals;
  if (command?.text !== 'verify' || isMention(seen, given, 2) || isUnsure(seen, given)) return;
  const identity = given.flag('identity', 'identity-regexp');
  if (identity !== undefined && given.flag('issuer', 'issuer-regexp', 'policy', 'key') === undefined) reportIssuer(seen, identity, '--issuer');
}

const FLAGS: FlagRules = {
  switches: new Set(['full', 'offline', 'plain-http', 'require-fresh-root', 'yes', 'force', 'deny-self-hosted-runners', 'once', 'help', 'version']),
  short: { y: 'yes', h: 'help', V: 'version' },
};
