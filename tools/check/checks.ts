import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface Check {
  readonly name: string;
  /** Program below `node_modules/.bin` (or `node`) and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** What a person runs or does when it fails. */
  readonly fix: string;
}

/** Every static check, the slow ones first so that they overlap with the rest. */
export function listChecks(repository: string): readonly Check[] {
  const web: Check = {
    name: 'types (web)',
    command: ['tsc', '--noEmit', '-p', 'web'],
    fix: 'correct the types; npx tsc --noEmit -p web',
  };
  return [
    { name: 'unused', command: ['knip'], fix: 'remove what is named; npx knip' },
    { name: 'lint', command: ['oxlint'], fix: 'npm run fix, then correct what is left' },
    { name: 'types', command: ['tsc', '--noEmit', '-p', '.'], fix: 'correct the types; npx tsc --noEmit -p .' },
    ...(existsSync(join(repository, 'web/tsconfig.json')) ? [web] : []),
    { name: 'format', command: ['oxfmt', '--check'], fix: 'npm run fix' },
    {
      name: 'rooms',
      command: ['node', 'tools/check-rooms/main.ts'],
      fix: 'correct the folder, or the table in tools/lint/house.ts',
    },
    { name: 'docs', command: ['node', 'tools/gen-docs/main.ts', '--check'], fix: 'node tools/gen-docs/main.ts' },
    {
      name: 'manifests',
      command: ['node', 'tools/gen-manifests/main.ts', '--check'],
      fix: 'node tools/gen-manifests/main.ts',
    },
    {
      name: 'links',
      command: ['node', 'tools/check-docs/main.ts'],
      fix: 'correct the link or the example that is named',
    },
    {
      name: 'locales',
      command: ['node', 'tools/check-locales/main.ts'],
      fix: 'make keys and placeholders of en and ja equal',
    },
  ];
}
