/** Rounded down: some clients read no fraction of a second, others none that is shortened. */
export function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}
