/** What a person is told before a signing goes on public record, and the question whether it may (cosign.md section 1, "sign"). */
import type { Context } from '../cobra/command.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { confirm } from './confirm.ts';

export const PRIVACY_STATEMENT = `
	The sigstore service, hosted by sigstore a Series of LF Projects, LLC, is provided pursuant to the Hosted Project Tools Terms of Use, available at https://lfprojects.org/policies/hosted-project-tools-terms-of-use/.
	Note that if your submission includes personal data associated with this signed artifact, it will be part of an immutable record.
	This may include the email address associated with the account with which you authenticate your contractual Agreement.
	This information will be used for signing this artifact and will be stored in public transparency logs and cannot be removed later, and is subject to the Immutable Record notice at https://lfprojects.org/policies/hosted-project-tools-immutable-records/.

By typing 'y', you attest that (1) you are not submitting the personal data of any other person; and (2) you understand and agree to the statement and the Agreement terms at the URLs listed above.
`;

/** Once for everything that is signed in one run. Errors: `user declined the prompt`. */
export async function agreeToRecord(flags: ParsedFlags, { io }: Context): Promise<void> {
  if (asked.has(io)) return;
  asked.add(io);
  io.stderr(PRIVACY_STATEMENT);
  if (!flags.bool('yes')) await confirm(io);
}

const asked = new WeakSet<Io>();
