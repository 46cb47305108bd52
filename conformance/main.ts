/**
 * The protocol of the sigstore-conformance suite (verification.md section 14), over the same pipelines as everything else.
 *
 * ```
 * sign-bundle   [--staging] [--in-toto] --identity-token TOKEN --bundle FILE [--trusted-root FILE] [--signing-config FILE] FILE
 * verify-bundle [--staging] --bundle FILE (--certificate-identity ID --certificate-oidc-issuer URL | --key PEM) [--trusted-root FILE] FILE_OR_DIGEST
 * ```
 * All of the suite's protocol is understood, its flags in any order. `--in-toto` signs a statement byte for byte. A fresh bundle is written once our own
 * verification has accepted it.
 *
 * Without files, the instance is the one of `ASSAY_TRUST` (a trusted root; for signing, a `ClientTrustConfig`, as `assay stack` writes it), else public
 * Sigstore's over TUF. `--staging` asks the staging mirror, whose first root no package ships: name it with `TUF_ROOT_JSON`, or pass the files.
 *
 * Status 0: accepted, or signed. 1: refused, with the reason on stderr. 2: not understood.
 */
import { isTrustError } from '@assay/core';

export type Tell = (line: string) => void;

export async function main(argv: readonly string[], tell: Tell = (line) => void process.stderr.write(`${line}\n`)): Promise<number> {
  const [command, ...args] = argv;
  try {
    switch (command) {
      case 'sign-bundle':
        return await (await import('./sign-bundle.ts')).signBundle(args, tell);
      case 'verify-bundle':
        return await (await import('./verify-bundle.ts')).verifyBundle(args, tell);
      default:
        tell(`unknown command ${command ?? ''}; sign-bundle and verify-bundle are understood`);
        return 2;
    }
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return isTrustError(error) ? 1 : 2;
  }
}
