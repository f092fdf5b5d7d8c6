/** The oldest Node that the programs are built for and tested with. */
const oldest = [22, 22] as const;

/** Ends the program with one sentence on a Node that is too old: what would fail later says nothing of the reason. */
export function requireNode(program: string, version = process.versions.node): void {
  const refusal = nodeTooOld(version);
  if (refusal === undefined) return;
  process.stderr.write(`${program}: ${refusal}\n`);
  process.exit(1);
}

export function nodeTooOld(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return undefined;
  return `this is Node ${version}, and Node ${oldest.join('.')} or newer is needed`;
}
