/** Durations as Go writes them: `10h`, `1h30m`, `500ms`. */
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../../cobra/pflag.ts';

/** In milliseconds. Throws `InvalidArgumentError`; also for what is below zero. */
export function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined || milliseconds < 0) throw new InvalidArgumentError('a duration was expected, as 10s, 1h30m or 24h');
  return milliseconds;
}
