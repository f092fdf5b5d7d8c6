import type { Secret } from '@etcd-rotate/protocol';

/** The same type where there is no secret in it, however deep; where there is one, nothing fits. */
type Plain<T> = T extends Secret
  ? never
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;

type Write = <T extends object>(about: T & Plain<T>, message: string) => void;

/** What may be logged, by type: a secret may not, wherever it stands. */
export interface Log {
  info: Write;
  warn: Write;
  error: Write;
}

type Logger = Record<keyof Log, (about: object, message: string) => void>;

/** A logger such as pino's, for what holds no secret. */
export function logOf(logger: Logger): Log {
  return {
    info: (about, message) => logger.info(about, message),
    warn: (about, message) => logger.warn(about, message),
    error: (about, message) => logger.error(about, message),
  };
}
