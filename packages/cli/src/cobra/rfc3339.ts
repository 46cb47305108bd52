/** Times as Go prints them in JSON: to the second, unless there is more to say. */
export function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.?0*Z$/, 'Z');
}
