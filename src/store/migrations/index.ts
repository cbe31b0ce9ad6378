import type { Migration } from 'kysely/migration';
import * as events from './0001-events.ts';
import * as work from './0002-work.ts';

/** Applied in the order of their names; a migration that has landed is never edited. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-events': events,
  '0002-work': work,
};
