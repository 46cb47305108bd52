/** How a process that serves is told to stop. */

/** Resolves at Ctrl-C, and at what service managers send. A second one ends the process at once, as it would without us. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
