import type { RolloutView, RunView, StageView, WaitView } from '../../api/contract/index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { type Line, print, span } from './line.ts';
import { markOfRollout, markOfRun, markOfStage, markOfVerdict, markSpan } from './marks.ts';
import { isRunOver } from './run.ts';
import type { Screen } from './screen.ts';
import { clean } from './text.ts';

/** What changed from one look at a run to the next, one line each: for logs and pipes. Never wrapped, never cut. */
export function renderRunChanges(before: RunView | null, after: RunView, screen: Screen): string[] {
  const subject = after.release === null ? after.app : `${after.app} v${after.release.number}`;
  const lines: Line[] = after.stages.flatMap((stage, index) =>
    stageChanges(before?.stages[index] ?? null, stage, { screen, subject }),
  );
  if (before === null || (before.state !== after.state && isRunOver(after.state))) {
    const id = before === null ? `  ${after.id}` : '';
    const runLine: Line = [span(`${subject}  `), markSpan(markOfRun(after), screen), span(id)];
    // A run is announced before its stages and concluded after them.
    if (before === null) lines.unshift(runLine);
    else lines.push(runLine);
  }
  // What ended the run before any stage could begin: a broken configuration, a missing commit.
  if (after.failure !== null && before?.failure == null && after.stages.every((stage) => stage.failure === null)) {
    lines.push(...failureChanges(after.failure, { screen, place: subject }));
  }
  const seen = before?.wait?.cause;
  if (after.wait !== null && after.wait.cause !== seen && !isToldByStage(after)) {
    lines.push([span(`${subject}  ${textOf(screen.language)('changes.waits', { cause: clean(after.wait.cause) })}`)]);
  }
  return lines.map((line) => print(line, screen));
}

/** The same for a rollout that is watched on its own. */
export function renderRolloutChanges(before: RolloutView | null, after: RolloutView, screen: Screen): string[] {
  const place = `${after.app} v${after.release.number}  ${after.environment}`;
  return rolloutChanges(before, after, { screen, place }).map((line) => print(line, screen));
}

function isToldByStage(run: RunView): boolean {
  return run.stages.some(
    (stage) => stage.wait?.cause === run.wait?.cause || stage.rollout?.wait?.cause === run.wait?.cause,
  );
}

function stageChanges(
  before: StageView | null,
  after: StageView,
  { screen, subject }: { readonly screen: Screen; readonly subject: string },
): readonly Line[] {
  const place = `${subject}  ${clean(after.name)}`;
  const lines: Line[] = [];
  const changed = before === null ? after.state !== 'pending' : before.state !== after.state;
  if (changed || (before !== null && before.attempt !== after.attempt)) {
    const took =
      after.startedAt === null || after.finishedAt === null
        ? ''
        : `  ${formatDuration(Math.max(0, after.finishedAt - after.startedAt))}`;
    lines.push([span(`${place}  `), markSpan(markOfStage(after), screen), span(took)]);
  }
  // A deploy waits for what its rollout waits for: the rollout tells it.
  if (after.rollout === null) lines.push(...waitChanges(before?.wait ?? null, after.wait, { screen, place }));
  if (after.rollout !== null) lines.push(...rolloutChanges(before?.rollout ?? null, after.rollout, { screen, place }));
  const failure = after.failure;
  if (failure !== null && before?.failure?.message !== failure.message) {
    lines.push(...failureChanges(failure, { screen, place }));
  }
  return lines;
}

function failureChanges(
  failure: NonNullable<StageView['failure']>,
  { screen, place }: { readonly screen: Screen; readonly place: string },
): readonly Line[] {
  const evidence = failure.evidence.map((row): Line => [span(`${place}  | ${clean(row)}`)]);
  const fix: Line = [span(`${place}  ${textOf(screen.language)('fix')} ${clean(failure.fix)}`)];
  return [[span(`${place}  ${failure.code} ${clean(failure.message)}`)], ...evidence, fix];
}

/** A wait by its cause; the commands that end it only where nothing but a person does. */
function waitChanges(
  before: WaitView | null,
  after: WaitView | null,
  where: { readonly screen: Screen; readonly place: string; readonly needsPerson?: boolean },
): readonly Line[] {
  if (after === null || after.cause === before?.cause) return [];
  const { screen, place, needsPerson = true } = where;
  const told = textOf(screen.language)('changes.waits', { cause: clean(after.cause) });
  const arrow = screen.ascii ? '->' : '→';
  const commands = needsPerson ? after.next.map(({ command }) => `${arrow} ${clean(command)}`) : [];
  return [told, ...commands].map((line): Line => [span(`${place}  ${line}`)]);
}

function rolloutChanges(
  before: RolloutView | null,
  after: RolloutView,
  { screen, place }: { readonly screen: Screen; readonly place: string },
): readonly Line[] {
  const text = textOf(screen.language);
  const lines: Line[] = [];
  const pauseChanged = (before?.paused ?? null) === null ? after.paused !== null : after.paused === null;
  if (before?.phase !== after.phase || pauseChanged) {
    lines.push([span(`${place}  `), markSpan(markOfRollout(after), screen), span(`  ${text(`phase.${after.phase}`)}`)]);
  }
  if (after.paused !== null && pauseChanged) lines.push([span(`${place}  ${clean(after.paused.reason)}`)]);
  if ((before?.weight ?? 0) !== after.weight) {
    const arrow = screen.ascii ? '->' : '→';
    lines.push([span(`${place}  ${text('rollout.traffic')} ${before?.weight ?? 0}% ${arrow} ${after.weight}%`)]);
  }
  for (const metric of after.metrics) {
    const known = before?.metrics.find((candidate) => candidate.name === metric.name);
    if (known?.verdict === metric.verdict) continue;
    const mark = markSpan(markOfVerdict(metric.verdict), screen);
    lines.push([span(`${place}  `), mark, span(`  ${clean(metric.condition)}: ${clean(metric.finding)}`)]);
  }
  // What goes on by itself in a moment is told by phase, weight and verdicts.
  const needsPerson = after.paused !== null || after.wait?.needsPerson === true;
  if (needsPerson || after.position > 0) {
    lines.push(...waitChanges(before?.wait ?? null, after.wait, { screen, place, needsPerson }));
  }
  if (after.outcome !== null && (before?.outcome ?? null) === null) {
    lines.push([span(`${place}  ${clean(after.outcome.reason)}`)]);
    for (const row of after.outcome.evidence) lines.push([span(`${place}  | ${clean(row)}`)]);
  }
  for (const note of after.notes) {
    if (before?.notes.includes(note) !== true) lines.push([span(`${place}  ${clean(note)}`)]);
  }
  return lines;
}
