/** Resolves with the exit code for the first SIGINT, SIGTERM or SIGHUP; further ones change nothing. */
export function interrupted(): Promise<number> {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  return new Promise((resolve) => {
    for (const [signal, code] of Object.entries(codes)) process.on(signal, () => resolve(code));
  });
}
