/** `gh attestation verify` (slsa.md section 3). */
import type { Arguments, FlagRules } from '../read/tool.ts';
import { anchorOf, argumentsIn, flagStretch, isMention, isUnsure, type Seen } from './command.ts';
import { checkPattern } from './identity.ts';

export function checkGh(seen: Seen): void {
  const given = argumentsIn(seen, FLAGS);
  const [group, command] = given.positionals;
  if (!/^(?:attestation|at)$/.test(group?.text ?? '') || command?.text !== 'verify') return;
  const { page, script } = seen;
  for (const { name, value } of given.flags) {
    if (name === 'cert-identity-regex' && value !== undefined) {
      checkPattern(page, page.valueOf(script.excerpt, value), { of: 'identity', mode: 'search' }, anchorOf(seen));
    }
  }
  if (!isMention(seen, given, 3) && !isUnsure(seen, given)) checkOwner(seen, given);
}

function checkOwner(seen: Seen, given: Arguments): void {
  const owner = given.flag('owner');
  if (owner?.value === undefined || given.flag('repo', 'signer-workflow', 'signer-repo', 'cert-identity', 'cert-identity-regex') !== undefined) return;
  seen.page.report('owner-only', flagStretch(seen, owner), {
    says: `an artifact of any repository of ${owner.value.text} passes`,
    correction: `--repo ${owner.value.text}/REPOSITORY`,
    anchor: anchorOf(seen),
  });
}

const FLAGS: FlagRules = {
  switches: new Set(['bundle-from-oci', 'no-public-good', 'deny-self-hosted-runners', 'help']),
  short: { o: 'owner', R: 'repo', b: 'bundle', d: 'digest-alg', L: 'limit', i: 'cert-identity-regex', q: 'jq', t: 'template', h: 'help' },
};
