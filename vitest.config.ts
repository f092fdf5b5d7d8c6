import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        // Quick: no processes, no network.
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'apps/*/src/**/*.test.ts',
            'infra/*.test.ts',
            'infra/demo/*.test.ts',
            'infra/bench/*.test.ts',
            'infra/package/*.test.ts',
            'test/chaos/*.test.ts',
            'test/hostile/*.test.ts',
          ],
          exclude: ['**/*.process.test.ts', '**/node_modules/**'],
          // Pure parts share nothing that could leak from file to file, so that what they import is loaded once.
          isolate: false,
          pool: 'threads',
        },
      },
      {
        // What must never happen, over thousands of generated clusters: seeded, no processes, no network.
        test: {
          name: 'properties',
          include: ['packages/*/properties/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: 'threads',
        },
      },
      {
        // Real programs on loopback, real disks. Two files at once are what two cores bear: labs wait as much as they compute.
        test: {
          name: 'processes',
          include: [
            'packages/*/src/**/*.process.test.ts',
            'apps/*/src/**/*.process.test.ts',
            'infra/lab/src/**/*.test.ts',
            'infra/package/*.process.test.ts',
            'test/*.test.ts',
          ],
          maxWorkers: 2,
          setupFiles: ['test/own-addresses.ts', 'test/after-a-timeout.ts'],
          // Against what hangs, not against what is slow: a machine that is busy elsewhere takes three times as long.
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        // Machines that are containers, with systemd and what is installed there: one file at a time.
        test: {
          name: 'containers',
          include: ['test/containers/*.test.ts'],
          fileParallelism: false,
          globalSetup: ['test/containers/swept.ts'],
          // Its image cannot be had without a registry; swept.ts does what it would do.
          env: { TESTCONTAINERS_RYUK_DISABLED: 'true' },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
