/** One PEM block, with the newline at the end that etcd needs before the next one (facts: etcd, section 2). */
export function pemBlock(type: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  return `-----BEGIN ${type}-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END ${type}-----\n`;
}
