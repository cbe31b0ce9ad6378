import { join } from 'node:path';
import { startLoadGenerator } from '../load.ts';
import type { BenchOptions } from '../options.ts';
import type { Figure } from '../report.ts';
import { measureColdStarts } from './cold-start.ts';
import { measureCompile } from './compile.ts';
import { measureDeadline } from './deadline.ts';
import { measureFunctionEcho } from './echo.ts';
import { measureInstances } from './instances.ts';
import type { Bench } from './bench.ts';
import { measureNeighbours } from './neighbours.ts';
import type { FunctionPart } from './parts.ts';
import { type Platform, withPlatform } from './platform.ts';
import { measureSessions } from './sessions.ts';

const PARTS: ReadonlyMap<FunctionPart, (bench: Bench) => Promise<readonly Figure[]>> = new Map([
  ['echo', measureFunctionEcho],
  ['sessions', measureSessions],
  ['cold', measureColdStarts],
  ['compile', measureCompile],
  ['memory', measureInstances],
  ['deadline', measureDeadline],
  ['neighbours', measureNeighbours],
]);

/** Functions of a server as they are deployed through its API, part by part, beside what others would run them with. */
export async function measureFunctions({ rounds, round, parts, profile }: BenchOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  let isolation = '';
  for (const part of parts) {
    console.error(`measuring functions: ${part} …`);
    const folder = profile === null ? null : join(profile, part);
    const measured = await withPlatform(folder, async (platform) => {
      isolation = wordsOf(platform);
      const generator = startLoadGenerator();
      try {
        return (await PARTS.get(part)?.({ platform, generator, rounds, round })) ?? [];
      } finally {
        await generator.stop();
      }
    });
    figures.push(...measured);
  }
  const [first, ...others] = figures;
  if (first === undefined) return [];
  return [{ ...first, note: [isolation, first.note].filter((text) => text !== undefined).join('; ') }, ...others];
}

/** What the figures of all parts were measured under. */
function wordsOf({ isolation: { tier, reason } }: Platform): string {
  const words = `all functions run in isolation tier ${tier} (${reason})`;
  return tier === 'C' ? `${words}, which is no sandbox` : words;
}
