import { expect, test } from 'vitest';
import { RECOVERY_LIMIT } from '../../tools/chaos/killer.ts';
import { recoveries } from '../../tools/chaos/report.ts';
import { runChaos } from '../../tools/chaos/run.ts';

const SEVERAL_MINUTES = 300_000;

test(
  'releases under traffic lose nothing, do nothing twice and end legally while the control plane is killed again and again',
  async () => {
    const pause = { min: 500, max: 1500 };
    const told: string[] = [];
    const outside = { say: (text: string) => told.push(text), signal: new AbortController().signal };
    const result = await runChaos({ rollouts: 2, seed: 7, pause, rate: 60, keep: false }, outside);
    expect(result.findings, told.join('\n')).toEqual([]);
    expect(result.kills.filter(({ interrupted }) => interrupted > 0).length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...recoveries(result))).toBeLessThanOrEqual(RECOVERY_LIMIT);
    expect(result.facts.rollouts.length).toBeGreaterThanOrEqual(4);
  },
  SEVERAL_MINUTES,
);
