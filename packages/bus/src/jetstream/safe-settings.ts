import { fail, ok, type Result } from '@etcd-rotate/protocol';

/**
 * Whether servers keep what they acknowledge, by their monitoring endpoints: JetStream of 2.10 or newer that syncs each
 * message. By default a server syncs every two minutes, and what was acknowledged since is gone after a power cut. A
 * server that nobody could ask is one that may.
 */
export async function checkSafeSettings(
  monitoring: readonly string[],
  servers: readonly string[],
): Promise<Result<void>> {
  if (monitoring.length < servers.length) {
    const known =
      monitoring.length === 0
        ? 'no monitoring endpoint is known'
        : `${monitoring.length} monitoring endpoints are known`;
    return unsafe(`${known} of ${servers.length} ${servers.length === 1 ? 'NATS server' : 'NATS servers'}`);
  }
  const seen = await Promise.all(monitoring.map(async (url) => ({ url, why: await whyUnsafe(url) })));
  const faults = seen.flatMap(({ url, why }) => (why === undefined ? [] : [`${url}: ${why}`]));
  return faults.length === 0 ? ok(undefined) : unsafe(faults.join('; '));
}

async function whyUnsafe(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(new URL('/varz', url), {
      signal: AbortSignal.timeout(askMs),
      redirect: 'error',
    });
    if (!answer.ok) return `answers ${answer.status}`;
    return whyUnsafeSettings(await answer.json());
  } catch (error) {
    return `cannot be asked (${error instanceof Error ? reasonOf(error) : String(error)})`;
  }
}

const askMs = 3_000;

/** `fetch failed` says nothing; what it wraps does. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message;
}

/** @param varz what a server says of itself at /varz */
export function whyUnsafeSettings(varz: unknown): string | undefined {
  const version = at(varz, 'version');
  if (typeof version !== 'string') return 'does not say its version';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (!(major > 2 || (major === 2 && minor >= 10))) return `is ${version}, and 2.10 or newer is needed`;
  const config = at(at(varz, 'jetstream'), 'config');
  if (config === undefined) return 'has JetStream turned off';
  return at(config, 'sync_always') === true ? undefined : 'does not have sync_interval: always';
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function unsafe(why: string): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  return fail(
    'nats-unsafe',
    `NATS could lose journal entries that it has acknowledged: ${why}`,
    'set `sync_interval: always` in its jetstream block and name its monitoring endpoint as nats.external.monitoring',
  );
}
