import { forbiddenNames } from './forbidden-names.ts';
import { noProcessOutsideShell } from './no-process-outside-shell.ts';
import { rooms } from './rooms.ts';
import type { Rule } from './rule.ts';
import { sqlOnlyInStore } from './sql-only-in-store.ts';

const rules: Readonly<Record<string, Rule>> = {
  rooms,
  'forbidden-names': forbiddenNames,
  'sql-only-in-store': sqlOnlyInStore,
  'no-process-outside-shell': noProcessOutsideShell,
};

/** The rules that oxlint does not have: floors and doors, and what belongs to which kind of file. */
export default { meta: { name: 'funade' }, rules };
