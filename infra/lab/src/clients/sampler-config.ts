import type { ClientFiles } from '../grpc/dial.ts';

export interface SamplerConfig {
  members: { name: string; endpoint: string; restartsFile: string }[];
  /** Read anew for every sample. */
  files: ClientFiles;
  /** Written once every file is being followed. */
  readyFile: string;
  /** Written once, after SIGTERM. */
  reportFile: string;
}

/** One restart of a member: the time nobody could have saved. */
export interface Floor {
  member: string;
  /** Epoch milliseconds of SIGTERM, of the start of the new process, and of the first read that it answered. */
  term: number;
  start: number;
  read: number;
}

export interface SamplerReport {
  floors: Floor[];
  floorSeconds: number;
  /** Restarts of which no read was seen before the end. */
  unanswered: string[];
}
