import { Domain, Id, Name } from '@etcd-rotate/protocol';
import { InvalidArgumentError } from 'commander';

// What stands on the command line becomes one of our words, or is refused with what it should be.

export function name(text: string): string {
  const parsed = Name.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It is not ${parsed.error.issues[0]?.message}.`);
}

export function id(text: string): string {
  const parsed = Id.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('It is not the id of a rotation; see those there are with: rotate status');
}

export function fingerprint(text: string, before: string[] = []): string[] {
  if (!/^[0-9a-f]{8,64}$/.test(text)) {
    throw new InvalidArgumentError('It is 8 to 64 hexadecimal digits, as the plan shows them.');
  }
  return [...before, text];
}

export function digest(text: string): string {
  if (/^[0-9a-f]{16,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It is 16 to 64 hexadecimal digits, as a dry run shows them.');
}

export function domainCa(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [domain = '', ca = '', ...more] = text.split('=');
  if (more.length > 0 || !Domain.safeParse(domain).success || !Name.safeParse(ca).success) {
    throw new InvalidArgumentError('it is like client=NAME or peer=NAME');
  }
  return { ...before, [domain]: ca };
}
