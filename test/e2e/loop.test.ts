import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from '../server-rig.ts';

const DEMO = fileURLToPath(new URL('../../tools/demo/main.ts', import.meta.url));

/**
 * The demo judges by what it sees from outside: the forge's issues, labels, branches and pull requests, and the answers to its
 * requests. It ends with 0 only when every step was seen.
 */
test('a release that fails becomes an issue, a pull request of the agent, and a release that closes it', async () => {
  const environment = { ...process.env, FUNADE_PORT: '0', FUNADE_LOG_LEVEL: 'warn', LC_ALL: 'C.UTF-8', CI: 'true' };
  const { code, stdout, stderr } = await run(process.execPath, [DEMO, '--loop', '--exit'], { env: environment });
  const told = `${stdout}\n${stderr}`;
  expect(told.split('\n').filter((line) => line.startsWith('✖'))).toEqual([]);
  expect(code, told).toBe(0);
  expect(stdout).toContain('✔ the merge left the issue open, and the release that baked closed it');
}, 1_200_000);
