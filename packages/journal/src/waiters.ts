/** Those who wait for a number to be passed, or for their time to be over. */
export function waiters(): { wait(after: number, ms: number): Promise<void>; wake(reached: number): void } {
  const waiting = new Set<{ after: number; go: () => void }>();
  return {
    wait(after, ms) {
      return new Promise((resolve) => {
        const waiter = {
          after,
          go: () => {
            clearTimeout(timer);
            waiting.delete(waiter);
            resolve();
          },
        };
        const timer = setTimeout(waiter.go, ms);
        waiting.add(waiter);
      });
    },
    wake(reached) {
      for (const { after, go } of waiting) if (reached > after) go();
    },
  };
}
