export { type FileJournalOptions, openFileJournal } from './file-journal.ts';
export { type FolderLock, lockFolder } from './folder-lock.ts';
export type { Journal } from './journal.ts';
export { type MemoryJournalOptions, openMemoryJournal } from './memory-journal.ts';
