/**
 * What a TLS alert from the other side says, by its number: OpenSSL's names for them have changed between releases,
 * the numbers never. Which one etcd sends differs by the Go it was built with: for an unknown CA it is `bad
 * certificate` with Go 1.19 and `unknown ca` later (facts: etcd, section 9).
 */
export function alertIn(error: unknown): Alert | undefined {
  const number = /SSL alert number (\d+)/.exec(error instanceof Error ? error.message : String(error))?.[1];
  if (number === undefined) return undefined;
  const [name = `alert ${number}`, means = 'something-else'] = alerts[Number(number)] ?? [];
  return { name, means };
}

export interface Alert {
  name: string;
  means: 'your-certificate' | 'your-dates' | 'no-common-ground' | 'something-else';
}

const alerts: Record<number, [string, Alert['means']]> = {
  // Newer Go also sends this for no certificate over TLS 1.2, so it is asked again over TLS 1.3.
  40: ['handshake failure', 'no-common-ground'],
  42: ['bad certificate', 'your-certificate'],
  43: ['unsupported certificate', 'your-certificate'],
  44: ['certificate revoked', 'your-certificate'],
  45: ['certificate expired', 'your-dates'],
  46: ['certificate unknown', 'your-certificate'],
  48: ['unknown ca', 'your-certificate'],
  49: ['access denied', 'your-certificate'],
  51: ['decrypt error', 'something-else'],
  70: ['protocol version', 'no-common-ground'],
  // A server whose own pair cannot be used (facts: etcd, section 1).
  80: ['internal error', 'something-else'],
  86: ['inappropriate fallback', 'no-common-ground'],
  112: ['unrecognized name', 'something-else'],
  116: ['certificate required', 'your-certificate'],
};
