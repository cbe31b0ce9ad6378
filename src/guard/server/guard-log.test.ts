import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGuardLog } from './guard-log.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'funade-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a few lines are written without being asked for', async () => {
  const file = join(folder, 'quiet.log');
  const { logger, decisions } = openGuardLog('info', file);
  logger.info({ token: 'hunter2' }, 'one');
  decisions.info({ decision: 'allowed' }, 'two');
  await expect.poll(() => readFile(file, 'utf8'), { timeout: 10_000 }).toContain('two');
  const lines = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([
    { level: 'info', token: '***', msg: 'one' },
    { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/) as string, decision: 'allowed', msg: 'two' },
  ]);
});

test('flush writes everything at once', async () => {
  const file = join(folder, 'flushed.log');
  const { logger, decisions, flush } = openGuardLog('info', file);
  logger.info({}, 'begun');
  await expect.poll(() => readFile(file, 'utf8'), { timeout: 10_000 }).toContain('begun');
  for (let count = 0; count < 1000; count += 1) decisions.info({ count }, 'decided');
  flush();
  const text = await readFile(file, 'utf8');
  expect(text.trim().split('\n')).toHaveLength(1001);
  expect(text).toContain('"count":999');
});

test('levels below the one that is wanted are left out', async () => {
  const file = join(folder, 'warn.log');
  const { decisions, flush } = openGuardLog('warn', file);
  decisions.info({ decision: 'allowed' }, 'no');
  decisions.warn({ decision: 'uncertain' }, 'yes');
  await expect.poll(() => readFile(file, 'utf8'), { timeout: 10_000 }).toContain('yes');
  flush();
  expect(await readFile(file, 'utf8')).not.toContain('"no"');
});
