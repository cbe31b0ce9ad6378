import type { RunView } from '../../src/api/contract/index.ts';
import type { Sample } from './load.ts';
import type { Story } from './story.ts';

export interface Row {
  readonly letter: string;
  readonly release: string;
  readonly message: string;
  readonly verdict: string;
  readonly weights: readonly number[];
  readonly requests: number;
  readonly failed: number;
}

export interface Check {
  readonly text: string;
  readonly ok: boolean;
}

export interface Findings {
  readonly rows: readonly Row[];
  readonly checks: readonly Check[];
  /** Requests without an answer, or refused by the platform, since A was live. */
  readonly lost: number;
  readonly beforeFirst: number;
  /** Milliseconds from the first to the last failed answer of C. */
  readonly badFor: number;
  readonly evidence: readonly string[];
}

const CANARY = [10, 25, 50, 75, 100];

/** Judges the story by what was observed from outside, not by what was asked for. */
export function findingsOf(story: Story): Findings {
  const { samples } = story.load;
  const served = samples.filter((sample) => sample.version !== null);
  const firstAnswer = Math.min(...served.map((sample) => sample.at));
  const rows = story.acts.map(({ letter, run }) => rowOf(letter, run, samples));
  const [a, b, c, d] = story.acts.map((act) => act.run);
  const lost = samples.filter((sample) => sample.at > firstAnswer && isLost(sample)).length;
  const bad = samples
    .filter((sample) => isFailed(sample) && sample.version === c?.release?.id)
    .map((sample) => sample.at);
  const badFor = bad.length === 0 ? 0 : Math.max(...bad) - Math.min(...bad);
  const evidence = rolloutTo(c, 'production')?.outcome?.evidence ?? [];
  const afterwards = served.filter((sample) => sample.at > story.rollbackAt + story.rollbackTook);
  const checks: Check[] = [
    {
      text: 'A went through every stage and is live after a second user approved',
      ok: a?.state === 'succeeded' && a.stages.every((stage) => stage.state === 'succeeded'),
    },
    {
      text: `B was seen with exactly ${CANARY.join(' → ')} % and succeeded after baking`,
      ok: b?.state === 'succeeded' && isEqual(weightsOf(b), CANARY),
    },
    {
      text: 'C was stopped by the analysis and its traffic went back to B by itself',
      ok: c?.state === 'aborted' && weightsOf(c).at(-1) === 0 && evidence.length > 0,
    },
    { text: 'C really answered requests with errors while it was a canary', ok: bad.length > 0 },
    {
      text: 'D stopped in test, and production was never touched',
      ok:
        d?.state === 'failed' &&
        d.stages.find((stage) => stage.name === 'test')?.state === 'failed' &&
        weightsOf(d).length === 0,
    },
    {
      text: 'no request was ever answered by D',
      ok: d?.release === null || !served.some((sample) => sample.version === d?.release?.id),
    },
    { text: 'rollback put A back', ok: story.afterRollback.live?.id === a?.release?.id },
    {
      text: 'its hold keeps B from returning by automation',
      ok:
        story.atEnd.live?.id === a?.release?.id &&
        story.atEnd.hold?.releaseId === b?.release?.id &&
        story.returning.state === 'waiting',
    },
    {
      text: 'after the rollback every answer came from A',
      ok: afterwards.every((sample) => sample.version === a?.release?.id),
    },
    { text: 'no request was lost by a deploy, a switch or a rollback', ok: lost === 0 },
    { text: 'only C failed requests', ok: rows.every((row) => row.letter === 'C' || row.failed === 0) },
  ];
  return {
    rows,
    checks,
    lost,
    beforeFirst: samples.filter((sample) => sample.at <= firstAnswer && sample.version === null).length,
    badFor,
    evidence,
  };
}

function rowOf(letter: string, run: RunView, samples: readonly Sample[]): Row {
  const own = samples.filter((sample) => sample.version !== null && sample.version === run.release?.id);
  return {
    letter,
    release: run.release === null ? '–' : `v${run.release.number}`,
    message: run.commit?.message ?? '',
    verdict: verdictOf(run),
    weights: weightsOf(run),
    requests: own.length,
    failed: own.filter(isFailed).length,
  };
}

function verdictOf(run: RunView): string {
  const failed = run.stages.find((stage) => stage.failure !== null);
  return failed === undefined ? run.state : `${run.state} in ${failed.name}`;
}

function rolloutTo(run: RunView | undefined, environment: string) {
  return run?.stages.find((stage) => stage.rollout?.environment === environment)?.rollout ?? null;
}

function weightsOf(run: RunView | undefined): readonly number[] {
  return rolloutTo(run, 'production')?.weightsSeen ?? [];
}

/** What its sender calls a failure: no answer, or one that says so (an exception in a function is a 422). */
function isFailed(sample: Sample): boolean {
  return sample.status === 0 || sample.status >= 400;
}

/** No answer, or a refusal by the platform itself: what a deploy must never cause. */
function isLost(sample: Sample): boolean {
  return sample.status === 0 || sample.version === null || (sample.status >= 400 && !sample.byFunction);
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
