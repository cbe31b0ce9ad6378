import type { DeliveryView, SourceView, TaskView } from '../src/api/contract/index.ts';
import { isDrained } from './permissions.ts';

type Named = Pick<TaskView, 'forge' | 'project' | 'kind' | 'number'>;

/** As people write it on that forge: `acme/greeter#12`, and `acme/ledger!7` for a merge request. */
export function subjectName({ forge, project, kind, number }: Named): string {
  const mark = forge === 'gitlab' && kind === 'change' ? '!' : '#';
  return `${project}${mark}${number}`;
}

/** Number of the pull or merge request with the work, as people write it on that forge; null before there is one. */
export function changeName({ forge, change }: Pick<TaskView, 'forge' | 'change'>): string | null {
  if (change === null) return null;
  return `${forge === 'gitlab' ? '!' : '#'}${change.number}`;
}

/** The address when a browser may open it. It comes from a payload, so it can be anything: `javascript:…` too. */
export function webAddress(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  return parsed !== null && /^https?:$/.test(parsed.protocol) ? parsed.href : null;
}

/** What a task waits for: a worker, a time (epoch milliseconds) and then a worker, a person, the agent's end, or nothing. */
export type TaskWait = 'worker' | 'resume' | 'approval' | 'end' | { readonly until: number } | null;

export function taskWait({ state, reason, notBefore }: Pick<TaskView, 'state' | 'reason' | 'notBefore'>): TaskWait {
  if (isDrained({ state, reason })) return 'worker';
  if (state === 'paused') return 'resume';
  if (state === 'awaiting_approval') return 'approval';
  if (state === 'pausing' || state === 'stopping') return 'end';
  if (state !== 'queued') return null;
  return notBefore === null ? 'worker' : { until: notBefore };
}

/** The times that a poll of any of its repositories was begun and is due: the newest and the next. */
export function pollTimes(source: Pick<SourceView, 'repositories'>): {
  readonly last: number | null;
  readonly next: number | null;
} {
  const lasts = source.repositories.map(({ lastPollAt }) => lastPollAt).filter((at) => at !== null);
  const nexts = source.repositories.map(({ nextPollAt }) => nextPollAt).filter((at) => at !== null);
  return {
    last: lasts.length > 0 ? Math.max(...lasts) : null,
    next: nexts.length > 0 ? Math.min(...nexts) : null,
  };
}

/** The sources to choose from: those that are there, those that the list at hand names, and the chosen one. */
export function sourceChoices(
  sources: readonly Pick<SourceView, 'name'>[],
  deliveries: readonly Pick<DeliveryView, 'source'>[],
  chosen: string | null,
): readonly string[] {
  const names = [...sources.map(({ name }) => name), ...deliveries.map(({ source }) => source)];
  return [...new Set(chosen === null ? names : [...names, chosen])].toSorted();
}
