import { alertIn } from './alerts.ts';
import type { Presented } from './presented.ts';

/** How one connection went. */
export type Spoken =
  | ({ type: 'answered'; text: string } & Presented)
  | { type: 'refused'; alert: string; becauseOfDates: boolean }
  | { type: 'no-common-ground'; alert: string }
  | { type: 'server-broken'; alert: string }
  | ({ type: 'untrusted'; reason: string } & Presented)
  | { type: 'closed'; from?: string }
  | { type: 'unusable'; reason: string }
  | { type: 'unreachable'; reason: string };

/** An error of the socket: an alert from the other side, a close, or something of our own. */
export function whatWentWrong(error: Error & { code?: string }): Spoken {
  const alert = alertIn(error);
  switch (alert?.means) {
    case 'your-certificate':
      return { type: 'refused', alert: alert.name, becauseOfDates: false };
    case 'your-dates':
      return { type: 'refused', alert: alert.name, becauseOfDates: true };
    case 'no-common-ground':
      return { type: 'no-common-ground', alert: alert.name };
    case 'something-else':
      return { type: 'server-broken', alert: alert.name };
    case undefined:
      return error.code === 'ECONNRESET' || error.code === 'EPIPE'
        ? { type: 'closed' }
        : { type: 'unreachable', reason: reasonOf(error) };
  }
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : undefined;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
