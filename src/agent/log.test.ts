import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentRig, createAgentRig } from '../../test/agent-rig.ts';
import { silentLogger, systemClock } from '../kernel/index.ts';
import { createTaskLog, readLog } from './log.ts';

let rig: AgentRig;
beforeAll(async () => {
  rig = await createAgentRig();
});
afterAll(() => rig.close());

async function logOf(number: number, longest?: number) {
  const task = await rig.hand({ number });
  const { db } = rig.database;
  const options = {
    db,
    clock: systemClock,
    logger: silentLogger,
    task,
    mask: (text: string) => text.replaceAll('secret', '***'),
  };
  return { task, log: createTaskLog(longest === undefined ? options : { ...options, longest }) };
}

test('what is written can be read from any position on, in its order, masked', async () => {
  const { task, log } = await logOf(1);
  log.write('one\nsec');
  log.write('ret\n');
  await log.flush();
  const first = await readLog(rig.database.db, task, 0);
  expect(first).toMatchObject({ text: 'one\n***\n', ended: false });
  log.write('two\0, no end');
  await log.close();
  expect(await readLog(rig.database.db, task, first.next)).toMatchObject({
    text: 'two\uFFFD, no end',
    next: first.next + 1,
  });
  expect((await readLog(rig.database.db, task, first.next + 1)).text).toBe('');
});

test('a flood is cut at the limit, over all attempts, and one line says so', async () => {
  const { task, log } = await logOf(2, 100_000);
  for (let line = 0; line < 50_000; line += 1) log.write(`line ${line}\n`);
  await log.close();
  const again = createTaskLog({
    db: rig.database.db,
    clock: systemClock,
    logger: silentLogger,
    task,
    mask: (text) => text,
    longest: 100_000,
  });
  again.write('more\n');
  await again.close();
  const { text } = await readLog(rig.database.db, task, 0);
  expect(text.length).toBeLessThan(100_200);
  expect(text.match(/is full/g)).toHaveLength(1);
  expect(text).not.toContain('more');
});

test('of no task there is none', async () => {
  await expect(readLog(rig.database.db, 'task_none', 0)).rejects.toMatchObject({ code: 'FUN_NOT_FOUND' });
});
