/** Flags of etcd are texts; these read them as etcd does. */

export function isOn(value: string | undefined): boolean {
  return value === 'true' || value === '';
}

/** A list separated by commas; blanks around a value do not count. */
export function valuesOf(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** The hosts of URLs, each once; core has no URL class of its own to rely on. */
export function hostsOf(urls: readonly (string | undefined)[]): string[] {
  const hosts = urls.flatMap((url) => {
    const host = /^https?:\/\/(\[[^\]]+\]|[^:/]+)/.exec(url ?? '')?.[1];
    return host ? [host.replace(/^\[|\]$/g, '')] : [];
  });
  return [...new Set(hosts)];
}
