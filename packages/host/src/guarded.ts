import { fail, type Result } from '@etcd-rotate/protocol';

/** Turns what the file system says into a failure; what was there is still in place. */
export async function guarded<T>(path: string, work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work();
  } catch (error) {
    return fail(
      'install-failed',
      `${path}: ${error instanceof Error ? error.message : String(error)}`,
      'the files that were there are in place; see that the folder exists, is writable and has room, then `rotate resume`',
    );
  }
}

export function changedByOthers(what: string) {
  return fail(
    'changed-by-others',
    what,
    'find out who did it; put back what was there, or abandon the rotation and plan again',
  );
}
