import { beforeAll, describe, expect, test } from 'vitest';
import { type Finding, lintFiles, onlyRule } from './run-oxlint.ts';

/** Importing file, import statement, what the rule says (`null` = nothing). */
type Case = readonly [sentence: string, from: string, code: string, message: string | null];

const CASES: readonly Case[] = [
  ['a room imports its own files', 'src/rollouts/engine.ts', "import { a } from './judge/a.ts';", null],
  [
    'a room imports a lower floor through its door',
    'src/rollouts/a.ts',
    "import { a } from '../store/index.ts';",
    null,
  ],
  ['packages and node builtins are free', 'src/rollouts/b.ts', "import 'node:fs'; import 'zod';", null],
  [
    'targets import the port they implement',
    'src/targets/noop.ts',
    "import type { A } from '../rollouts/port.ts';",
    null,
  ],
  ['intake enters forges through its door', 'src/intake/a.ts', "import { a } from '../forges/index.ts';", null],
  ['the agent enters forges through its door', 'src/agent/a.ts', "import { a } from '../forges/index.ts';", null],
  ['the API enters rooms of floor 2', 'src/api/runs.ts', "import { a } from '../releases/index.ts';", null],
  ['the API imports its contract', 'src/api/c.ts', "import { a } from './contract/index.ts';", null],
  ['the CLI imports the contract', 'src/cli/a.ts', "import { a } from '../api/contract/index.ts';", null],
  ['`serve` may compose', 'src/cli/commands/serve.ts', "const c = await import('../../compose.ts');", null],
  ['compose knows every room', 'src/compose.ts', "import './targets/index.ts'; import './api/index.ts';", null],
  ['main knows compose and the CLI', 'src/main.ts', "import './cli/index.ts'; import './compose.ts';", null],
  ['a test enters any room through its door', 'src/rollouts/a.test.ts', "import '../functions/index.ts';", null],
  ['a test imports the files of its own room', 'src/rollouts/b.test.ts', "import './judge/a.ts';", null],
  ['a test of its own room uses the test kit', 'src/rollouts/c.test.ts', "import '../../test/database.ts';", null],
  ['a file of test/ named after a room sees its files', 'test/api.ts', "import '../src/api/access/index.ts';", null],
  ['tools may compose', 'tools/demo/main.ts', "import '../../src/compose.ts';", null],
  ['web imports types of the contract', 'web/a.ts', "import type { A } from '../src/api/contract/index.ts';", null],
  [
    'web imports inline types of the contract',
    'web/b.ts',
    "import { type A } from '../src/api/contract/index.ts';",
    null,
  ],
  ['web imports itself', 'web/pages/c.tsx', "import { a } from '../live.ts';", null],
  [
    'web imports the texts that the terminal shows as well',
    'web/pages/c.tsx',
    "import { reasonText } from '../../src/api/contract/reasons.ts';",
    null,
  ],

  [
    'floor 2 rooms do not know each other',
    'src/releases/a.ts',
    "import { a } from '../rollouts/index.ts';",
    'releases may not import rollouts',
  ],
  [
    'type imports count as well',
    'src/releases/b.ts',
    "import type { A } from '../rollouts/port.ts';",
    'releases may not import rollouts',
  ],
  [
    're-exports count',
    'src/releases/c.ts',
    "export { a } from '../rollouts/index.ts';",
    'releases may not import rollouts',
  ],
  ['export * counts', 'src/releases/d.ts', "export * from '../rollouts/index.ts';", 'releases may not import rollouts'],
  [
    'dynamic imports count',
    'src/releases/e.ts',
    "await import('../rollouts/index.ts');",
    'releases may not import rollouts',
  ],
  [
    'import types count',
    'src/releases/f.ts',
    "export type A = import('../rollouts/port.ts').A;",
    'releases may not import rollouts',
  ],
  [
    'targets use no other door of rollouts',
    'src/targets/a.ts',
    "import { a } from '../rollouts/index.ts';",
    'targets may not import rollouts',
  ],
  [
    'a lower floor does not look up',
    'src/store/a.ts',
    "import { a } from '../queue/index.ts';",
    'store may not import queue',
  ],
  [
    'the kernel imports no room',
    'src/kernel/a.ts',
    "import { a } from '../config/index.ts';",
    'kernel may not import config',
  ],
  [
    'a room is entered through its door',
    'src/rollouts/d.ts',
    "import { a } from '../store/database.ts';",
    'enter store through its index.ts',
  ],
  [
    'the CLI is an HTTP client',
    'src/cli/b.ts',
    "import { a } from '../rollouts/index.ts';",
    'cli may not import rollouts',
  ],
  ['the CLI does not import the API', 'src/cli/c.ts', "import { a } from '../api/index.ts';", 'cli may not import api'],
  [
    'other commands do not compose',
    'src/cli/commands/ship.ts',
    "import '../../compose.ts';",
    'cli may not import compose',
  ],
  ['nobody but main imports the CLI', 'src/compose/a.ts', "import '../cli/index.ts';", 'compose may not import cli'],
  [
    'migrations belong to the store',
    'src/rollouts/e.ts',
    "import '../store/migrations/index.ts';",
    'enter store through its index.ts',
  ],
  [
    'the contract stands alone',
    'src/api/contract/a.ts',
    "import '../../kernel/index.ts';",
    'contract may not import kernel',
  ],
  [
    'the API uses the door of the contract',
    'src/api/d.ts',
    "import './contract/views.ts';",
    'enter contract through its index.ts',
  ],
  [
    'web takes no values from the contract',
    'web/d.ts',
    "import { a } from '../src/api/contract/index.ts';",
    'write `import type`',
  ],
  ['web knows no room', 'web/e.ts', "import type { A } from '../src/rollouts/port.ts';", 'web imports only itself'],
  ['src imports no tests', 'src/rollouts/f.ts', "import '../../test/database.ts';", 'src imports nothing outside src'],
  ['src imports no test file', 'src/rollouts/g.ts', "import './decide.test.ts';", 'only tests import'],
  [
    'a test enters other rooms through doors',
    'src/rollouts/d.test.ts',
    "import '../functions/pool.ts';",
    'tests and tools enter a room',
  ],
  [
    'a file of test/ enters other rooms through doors',
    'test/cli.ts',
    "import '../src/api/server.ts';",
    'tests and tools enter a room',
  ],
  [
    'tools enter rooms through doors',
    'tools/demo/b.ts',
    "import '../../src/functions/pool.ts';",
    'tests and tools enter a room',
  ],
  ['a folder that is no room is refused', 'src/kitchen/a.ts', 'export const a = 1;', 'stands in no room'],
];

describe('rooms', () => {
  let findings: readonly Finding[];
  beforeAll(async () => {
    findings = await lintFiles(Object.fromEntries(CASES.map(([, from, code]) => [from, code])), onlyRule('rooms'));
  });

  test.each(CASES)('%s', (_sentence, from, _code, message) => {
    const found = findings.filter((finding) => finding.file === from);
    if (message === null) expect(found).toEqual([]);
    else expect(found.map((finding) => finding.message).join('\n')).toContain(message);
  });
});

test('two rooms can not form a circle: one of the two directions is always a finding', async () => {
  const findings = await lintFiles(
    {
      'src/store/a.ts': "import { b } from '../queue/index.ts';",
      'src/queue/b.ts': "import { a } from '../store/index.ts';",
    },
    onlyRule('rooms'),
  );
  expect(findings.map((finding) => finding.file)).toEqual(['src/store/a.ts']);
});
