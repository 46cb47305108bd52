/**
 * A token in the environment. cosign and sigstore-js read `SIGSTORE_ID_TOKEN`, sigstore-python `SIGSTORE_IDENTITY_TOKEN`.
 * One that is set and empty is a job that was set up wrongly: it must not end in a login that nobody sees.
 */
import { type AmbientProvider, refuse } from './provider.ts';
import type { TokenContext } from './token-context.ts';

export const environmentVariable: AmbientProvider = {
  isHere: (context) => nameIn(context) !== undefined,

  async token(context) {
    const name = nameIn(context) ?? refuse(`${NAMES[0]} is not set`);
    return context.environment[name]?.trim() || refuse(`${name} is empty`);
  },
};

function nameIn({ environment }: TokenContext): string | undefined {
  return NAMES.find((name) => environment[name] !== undefined);
}

const NAMES = ['SIGSTORE_ID_TOKEN', 'SIGSTORE_IDENTITY_TOKEN'] as const;
