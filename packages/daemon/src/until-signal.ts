/** Aborted when a signal asks this process to end; the reason is the signal's name. */
export function onSignal(): AbortSignal {
  const asked = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => asked.abort(name));
  return asked.signal;
}

/** Resolves with the name of the signal that asks this process to end. */
export function untilSignal(signal = onSignal()): Promise<string> {
  return new Promise((resolve) => {
    const end = (): void => resolve(String(signal.reason));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
