/** A kind of machine that there is a package for, as everybody calls it. */
export interface Machine {
  /** Node and npm. */
  node: 'x64' | 'arm64';
  /** `uname -m`. */
  uname: string;
  debian: string;
}

export const machines: readonly Machine[] = [
  { node: 'x64', uname: 'x86_64', debian: 'amd64' },
  { node: 'arm64', uname: 'aarch64', debian: 'arm64' },
];
