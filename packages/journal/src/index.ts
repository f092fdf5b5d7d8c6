export { type FileJournalOptions, openFileJournal } from './file-journal.ts';
export { type FolderLock, lockFolder } from './folder-lock.ts';
export type { Journal } from './journal.ts';
export { type MemoryJournalOptions, openMemoryJournal } from './memory-journal.ts';
export type { Leading } from './shared-lines.ts';
export {
  type Appended,
  type Block,
  type BlockStream,
  openStreamJournal,
  type StreamJournalOptions,
} from './stream-journal.ts';
