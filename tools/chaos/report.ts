import { formatDuration } from '../../src/kernel/index.ts';
import { FAULTS, type Fault } from './checks/finding.ts';
import { countTraffic } from './checks/traffic.ts';
import { RECOVERY_LIMIT } from './killer.ts';
import type { Result } from './run.ts';
import type { Facts } from './store.ts';

const MOST_EVIDENCE = 20;
const LABELS: Readonly<Record<Fault, string>> = {
  'illegal state': 'illegal states',
  lost: 'lost',
  'double effect': 'double effects',
  orphan: 'orphans',
};

export function isPassed(result: Result): boolean {
  return result.findings.length === 0 && Math.max(0, ...recoveries(result)) <= RECOVERY_LIMIT;
}

export function recoveries({ kills }: Result): readonly number[] {
  return kills
    .map(({ recovery }) => recovery)
    .filter((recovery) => recovery !== null)
    .sort((a, b) => a - b);
}

/** The table of what happened, and for every fault its evidence. */
export function reportOf(result: Result): readonly string[] {
  const { kills, facts, sent, samples, findings } = result;
  const traffic = countTraffic(samples);
  const times = recoveries(result);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const longest = times.at(-1) ?? 0;
  const busy = kills.filter(({ interrupted }) => interrupted > 0).length;
  const again = kills.length - times.length;
  const repeats = sent.reduce((sum, { attempts }) => sum + attempts.length - 1, 0);
  const rows: readonly (readonly [string, string])[] = [
    ['kills', `${kills.length} (${busy} while something moved, ${again} before the last one was recovered from)`],
    ['interrupted', interruptedOf(facts)],
    ['rollouts', outcomesOf(facts.rollouts.map(({ environment, phase }) => `${environment} ${phase}`))],
    ['runs', outcomesOf(facts.runs.map(({ state }) => state))],
    ['pushes', `${sent.length} (told again ${repeats} times)`],
    ['requests', `${traffic.requests} (${traffic.lost} lost, ${traffic.byReleases} failed by bad releases)`],
    ...FAULTS.map((fault) => [LABELS[fault], String(countOf(result, fault))] as const),
    [
      'recovery',
      `median ${formatDuration(median)}, longest ${formatDuration(longest)} (limit ${RECOVERY_LIMIT / 1000}s)`,
    ],
    ['duration', formatDuration(result.took)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...kills
      .filter(({ recovery }) => (recovery ?? 0) > RECOVERY_LIMIT)
      .map(({ at, recovery, detail }) => `✖ recovery: ${recovery} ms after the kill at ${timeOf(at)}: ${detail}`),
    ...findings.slice(0, MOST_EVIDENCE).map(({ fault, text }) => `✖ ${fault}: ${text}`),
    ...(findings.length > MOST_EVIDENCE ? [`… and ${findings.length - MOST_EVIDENCE} more`] : []),
    ...(result.folder === null ? [] : [`data and logs are kept in ${result.folder}`]),
    isPassed(result) ? '✔ passed' : '✖ failed',
  ];
}

/** Shows that the kills hit the moments that matter. */
function interruptedOf({ intents, writes, runs }: Facts): string {
  const acted = new Set(writes.map(({ key }) => key));
  const effects = intents.filter(({ key, sent }) => !sent && acted.has(key)).length;
  const stages = runs.flatMap((run) => run.stages).filter(({ attempt }) => attempt > 1).length;
  return `${effects} effects between acting and being recorded, ${stages} stages that were begun again`;
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}

function countOf({ findings }: Result, fault: Fault): number {
  return findings.filter((finding) => finding.fault === fault).length;
}

/** `production succeeded 12, staging succeeded 20`. */
function outcomesOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return `${names.length} (${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')})`;
}
