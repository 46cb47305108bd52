/** A private Sigstore whose certificate authority is one elsewhere (the testkit's), since no authority of ours may speak of GitHub's issuer. */
import { createLog, type Stack, startStack } from '@assay/stack';
import { createInstance, fulcioStub, serve } from '@assay/testkit';

export interface PrivateSigstore {
  readonly stack: Stack;
  /** Of which its tokens have to be. */
  readonly now: Date;
  close(): Promise<void>;
}

/** Its files go to `directory`. */
export async function openPrivateSigstore(directory: string): Promise<PrivateSigstore> {
  const instance = createInstance({ now: new Date() });
  const authority = await serve(fulcioStub(instance));
  const stack = await startStack({
    directory,
    log: createLog('error', (line) => process.stderr.write(line)),
    elsewhere: { urls: { fulcio: authority.url }, trustedRoot: Buffer.from(JSON.stringify(instance.trustedRoot())) },
  });
  const close = async (): Promise<void> => void (await Promise.all([authority.close(), stack.close()]));
  return { stack, now: instance.now, close };
}
