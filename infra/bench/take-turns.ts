/** Every item once a round, each round beginning with another one: a machine that slows down slows down all of them. */
export function takeTurns<T>(items: readonly T[], rounds: number): T[] {
  return Array.from({ length: rounds }, (_, round) =>
    items.map((_, index) => items[(index + round) % items.length] as T),
  ).flat();
}
