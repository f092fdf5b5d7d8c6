/**
 * A text with its `@NAME@`s replaced.
 *
 * @throws where one is left, or one was not there: a template and its values belong together
 */
export function filled(template: string, values: Readonly<Record<string, string>>): string {
  const used = new Set<string>();
  const text = template.replace(/@([A-Z_]+)@/g, (_all, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`nobody says what @${name}@ is`);
    used.add(name);
    return value;
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`there is no @${unused.join('@, @')}@`);
  return text;
}
