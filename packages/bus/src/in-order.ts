/** Runs what it is given one after the other, in order. A task that throws does not stop those behind it. */
export function inOrder(): { run: (task: () => Promise<void>) => Promise<void>; idle: () => Promise<void> } {
  let last: Promise<void> = Promise.resolve();
  return {
    run(task) {
      const done = last.then(task);
      last = done.catch(() => undefined);
      return done;
    },
    idle: () => last,
  };
}
