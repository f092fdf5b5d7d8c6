import { expect, test } from 'vitest';
import { readMetrics } from './metrics.ts';

test('reads the peers and the start of the process', () => {
  const text = `# HELP etcd_network_active_peers The current number of active peer connections.
etcd_network_active_peers{Local="88cb24dddb3284c7",Remote="3ead864b813ab53"} 1
etcd_network_active_peers{Local="88cb24dddb3284c7",Remote="96d54d9ce83862a6"} 0
process_start_time_seconds 1.79550105469e+09
`;
  expect(readMetrics(text, 'https://m1:2379')).toEqual({
    ok: true,
    value: {
      peers: new Map([
        ['3ead864b813ab53', 1],
        ['96d54d9ce83862a6', 0],
      ]),
      processStartTime: 1_795_501_054.69,
    },
  });
});

test('what has no start of a process is not taken for metrics of etcd', () => {
  expect(readMetrics('<html></html>', 'https://m1:2379')).toMatchObject({
    ok: false,
    failure: { code: 'not-reached' },
  });
});
