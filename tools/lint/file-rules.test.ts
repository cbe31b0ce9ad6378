import { beforeAll, describe, expect, test } from 'vitest';
import { type Finding, lintFiles, onlyRule } from './run-oxlint.ts';

/** File, its text, and whether the rule speaks. */
type Case = readonly [sentence: string, file: string, code: string, refused: boolean];

function holds(rule: string, cases: readonly Case[]): void {
  describe(rule, () => {
    let findings: readonly Finding[];
    beforeAll(async () => {
      findings = await lintFiles(Object.fromEntries(cases.map(([, file, code]) => [file, code])), onlyRule(rule));
    });
    test.each(cases)('%s', (_sentence, file, _code, refused) => {
      const rules = findings.filter((finding) => finding.file === file).map((finding) => finding.rule);
      expect(new Set(rules)).toEqual(new Set(refused ? [`funade(${rule})`] : []));
    });
  });
}

const ANY = 'export const a = 1;';
holds('forbidden-names', [
  ['a file named after what it does is fine', 'src/kernel/durations.ts', ANY, false],
  ['a name that only contains the word is fine', 'src/kernel/input-types.ts', ANY, false],
  ['utils.ts is refused', 'src/kernel/utils.ts', ANY, true],
  ['helpers.ts is refused', 'test/helpers.ts', ANY, true],
  ['common.ts is refused', 'web/common.ts', ANY, true],
  ['types.ts is refused', 'src/rollouts/types.ts', ANY, true],
  ['types.test.ts is refused', 'src/rollouts/types.test.ts', ANY, true],
  ['a folder utils is refused', 'src/rollouts/utils/dates.ts', ANY, true],
]);

const SQL = "import { sql } from 'kysely';";
holds('sql-only-in-store', [
  ['the store.ts of a room holds SQL', 'src/rollouts/store.ts', SQL, false],
  ['a store folder of a room holds SQL', 'src/releases/store/runs.ts', SQL, false],
  ['the store room holds SQL', 'src/store/migrations/0001-a.ts', SQL, false],
  ['tests may look into the database', 'src/rollouts/store.test.ts', SQL, false],
  ['tools may look into the database', 'tools/chaos/ledger.ts', SQL, false],
  ['a sentence that starts like SQL is fine', 'src/cli/text.ts', "export const a = 'Select an application';", false],
  ['importing the builder elsewhere is refused', 'src/rollouts/engine.ts', SQL, true],
  ['importing its types elsewhere is refused', 'src/rollouts/a.ts', "import type { Kysely } from 'kysely';", true],
  ['importing a subpath is refused', 'src/rollouts/b.ts', "import { Migrator } from 'kysely/migration';", true],
  ['importing the driver is refused', 'src/rollouts/c.ts', "import pg from 'pg';", true],
  ['re-exporting the builder is refused', 'src/rollouts/d.ts', "export { sql } from 'kysely';", true],
  ['a dynamic import is refused', 'src/rollouts/e.ts', "await import('pg');", true],
  ['a tagged template is refused', 'src/rollouts/f.ts', 'declare const sql: any; sql`now()`;', true],
  ['a statement in a string is refused', 'src/rollouts/g.ts', "export const q = 'select id from runs';", true],
  ['a statement in a template is refused', 'src/rollouts/h.ts', 'const t = 1; `delete from ${t}`;', true],
  ['a file that only ends in store is no store', 'src/rollouts/bookstore.ts', SQL, true],
]);

holds('no-process-outside-shell', [
  ['the CLI prints', 'src/cli/print.ts', "console.log('a'); process.exit(1);", false],
  ['main ends the process', 'src/main.ts', 'process.exitCode = 1;', false],
  ['tools print', 'tools/demo/main.ts', "console.log(process.env['HOME']);", false],
  ['the configuration reads the environment', 'src/config/read.ts', "process.env['FUNADE_PORT'];", false],
  ['a runtime is a program', 'src/functions/runtimes/nodejs/worker.ts', 'process.exit(0); process.env;', false],
  ['the spawner is a program', 'src/sandbox/workers/spawner.ts', 'process.exit(0); process.env;', false],
  ['the relay in a box is a program', 'src/agent/runners/command/relay.ts', 'process.exit(0);', false],
  ['its neighbours are not', 'src/sandbox/workers/client.ts', 'process.exit(0);', true],
  ['process.pid is a fact, not the shell', 'src/store/lock.ts', 'process.pid; process.platform;', false],
  ['a parameter may be named process', 'src/sandbox/a.ts', 'function f(process: any) { process.exit(); } f(1);', false],
  ['tests may read the environment', 'src/sandbox/a.test.ts', "process.env['CI'];", false],
  ['console elsewhere is refused', 'src/rollouts/a.ts', "console.log('a');", true],
  ['process.exit elsewhere is refused', 'src/rollouts/b.ts', 'process.exit(1);', true],
  ['process.stdout elsewhere is refused', 'src/rollouts/c.ts', "process.stdout.write('a');", true],
  ['process.env elsewhere is refused', 'src/rollouts/d.ts', "process.env['A'];", true],
  ['a computed member is refused', 'src/rollouts/e.ts', "process['env'];", true],
  ['taking env apart is refused', 'src/rollouts/f.ts', 'const { env } = process; env;', true],
  ['importing it is refused', 'src/rollouts/g.ts', "import { env } from 'node:process'; env;", true],
  ['the CLI does not read the environment', 'src/cli/env.ts', "process.env['A'];", true],
  ['the configuration does not end the process', 'src/config/exit.ts', 'process.exit(1);', true],
]);
