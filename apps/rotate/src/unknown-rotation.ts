import { type Failure, fail } from '@etcd-rotate/protocol';

export function unknownRotation(id: string): Failure {
  return fail('unknown-rotation', `there is no rotation ${id}`, 'see those there are with: rotate status')
    .failure;
}
