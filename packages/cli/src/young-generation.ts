/**
 * Keeps the memory of a busy server small. V8 doubles the room for new objects as long as some survive in it, up to 128 MiB here; what a request
 * needs is garbage as soon as it is answered, and in 8 MiB it answers as many of them.
 *
 * The largest size can be said on the command line of Node only, which is not ours; the factor is read each time the room would grow.
 */
import { setFlagsFromString } from 'node:v8';

/** From now on, in this process. */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
