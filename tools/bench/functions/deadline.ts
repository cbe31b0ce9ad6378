import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Asker, openAsker } from '../connection.ts';
import { boxesOf } from '../processes.ts';
import type { Figure } from '../report.ts';
import { jsonRequest } from '../requests.ts';
import { median } from '../statistics.ts';
import { type Bench, OWN_PROCESS, SECTION } from './bench.ts';
import { ENDLESS } from './sources.ts';

const CALLS_PER_ROUND = 3;
/** Milliseconds. */
const DEADLINE = 500;
const GONE_WITHIN = 5000;
const UP_WITHIN = 20_000;
/** Milliseconds after which an instance that is there has loaded its function. */
const SETTLED = 500;

/** A function that loops for ever: how late it is told, and how long its processes stay. */
export async function measureDeadline({ platform, rounds }: Bench): Promise<readonly Figure[]> {
  const config = { ...OWN_PROCESS, timeout: `${DEADLINE}ms`, instances: { min: 1, max: 1 } };
  const path = await platform.deploy('endless', ENDLESS, config);
  const request = jsonRequest('POST', { path, body: '{}', headers: platform.headers });
  const asker = await openAsker(platform.server.port);
  const late: number[] = [];
  const gone: number[] = [];
  let worst = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const calls: { readonly late: number; readonly gone: number }[] = [];
      for (let count = 0; count < CALLS_PER_ROUND; count += 1) {
        calls.push(await callOnce(platform.server.pid, asker, request));
      }
      late.push(median(calls.map((call) => call.late)));
      gone.push(median(calls.map((call) => call.gone)));
      worst = Math.max(worst, ...calls.map((call) => call.gone));
    }
  } finally {
    asker.close();
  }
  return [
    {
      ...{ section: SECTION, name: 'from the 504 until nothing of the instance is left', unit: 'ms' },
      rounds: gone,
      target: { limit: 30, kind: 'at_most' },
      note: `the longest of ${rounds * CALLS_PER_ROUND} took ${worst.toFixed(1)} ms`,
    },
    {
      ...{ section: SECTION, name: `504 after a deadline of ${DEADLINE} ms`, unit: 'ms' },
      rounds: late,
      note: 'how late it arrives',
    },
  ];
}

async function callOnce(server: number, asker: Asker, request: Buffer) {
  const pids = await untilUp(server);
  const { status, took } = await asker.ask(request);
  const answered = performance.now();
  if (status !== 504) throw new Error(`a function that loops for ever was answered ${status}`);
  while (pids.some(isLeft)) {
    if (performance.now() - answered > GONE_WITHIN) throw new Error(`it was not gone within ${GONE_WITHIN} ms`);
    await sleep(1); // looking all the time would take the processor from those who end it
  }
  return { late: took - DEADLINE, gone: performance.now() - answered };
}

/** A zombie is dead: it waits for the first process of the machine to take note, which is not ours to hasten. */
function isLeft(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Resolves with the processes of the only instance, once it is up. */
async function untilUp(server: number): Promise<readonly number[]> {
  const deadline = performance.now() + UP_WITHIN;
  while ((await boxesOf(server)).length !== 1) {
    if (performance.now() > deadline) throw new Error(`no instance was up within ${UP_WITHIN} ms`);
    await sleep(20);
  }
  await sleep(SETTLED);
  return (await boxesOf(server)).flat();
}
