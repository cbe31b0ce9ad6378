import type { ApprovalView, RunView, StageView } from '../../api/contract/index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { evidenceLines, fixLines, indent, nextLines, paragraph, waitLines } from './block.ts';
import { type Line, print, span, spread } from './line.ts';
import { markOfRun, markOfStage, markSpan } from './marks.ts';
import { rolloutLines } from './rollout.ts';
import type { Screen } from './screen.ts';
import { clean, padEnd, truncate, widthOf } from './text.ts';

const MOST_EVIDENCE = 12;

/** The tree of a run: its stages in order, and under each what it waits for, what it found and what to do. */
export function renderRun(run: RunView, screen: Screen): string[] {
  const columns = columnsOf(run, screen);
  const lines = [
    ...headLines(run, screen),
    ...run.stages.flatMap((stage, index) =>
      stageLines(run, stage, { screen, columns, last: index === run.stages.length - 1 }),
    ),
    ...tailLines(run, screen),
  ];
  return lines.map((line) => print(line, screen));
}

export function isRunOver(state: RunView['state']): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'waiting';
}

function headLines(run: RunView, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const version = run.release === null ? '' : ` v${run.release.number}`;
  const duration = formatDuration(Math.max(0, (run.finishedAt ?? screen.now) - (run.startedAt ?? run.createdAt)));
  const dot = screen.ascii ? ' - ' : ' · ';
  const commit = run.commit === null ? [] : [clean(run.commit.message), clean(run.commit.author)];
  const cause = text(`trigger.${run.trigger.kind}`, { actor: clean(run.trigger.actor), ref: clean(run.trigger.ref) });
  const sha = run.commit === null ? '' : `${run.commit.sha.slice(0, 7)} `;
  return [
    spread(
      [span(run.app, 'strong'), span(`${version}  `, 'strong'), markSpan(markOfRun(run), screen)],
      [span(duration, 'dim')],
      screen,
    ),
    spread([span(sha, 'dim'), span([...commit, cause].join(dot))], [span(run.id, 'dim')], screen),
  ];
}

interface Columns {
  readonly mark: number;
  readonly name: number;
}

function columnsOf(run: RunView, screen: Screen): Columns {
  const marks = run.stages.map((stage) => widthOf(markSpan(markOfStage(stage), screen).text));
  const names = run.stages.map((stage) => widthOf(clean(stage.name)));
  const room = Math.max(8, Math.floor(screen.width / 4));
  return { mark: Math.max(0, ...marks), name: Math.min(room, Math.max(0, ...names)) };
}

interface Place {
  readonly screen: Screen;
  readonly columns: Columns;
  readonly last: boolean;
}

function stageLines(run: RunView, stage: StageView, { screen, columns, last }: Place): readonly Line[] {
  const text = textOf(screen.language);
  const tree = treeOf(screen.ascii, last);
  const mark = markSpan(markOfStage(stage), screen);
  const attempt = stage.attempt > 1 ? `  ${text('stage.attempt', { attempt: stage.attempt })}` : '';
  const duration = stageDuration(stage, screen.now);
  const name = padEnd(truncate(clean(stage.name), columns.name, screen.ascii), columns.name);
  const row = spread(
    [
      span(tree.branch, 'dim'),
      span(padEnd(mark.text, columns.mark), mark.tone),
      span(`  ${name}`, stage.state === 'pending' ? 'dim' : 'strong'),
      span(attempt, 'warn'),
      span(`  ${clean(stage.detail)}`, stage.state === 'pending' ? 'dim' : 'plain'),
    ],
    duration === null ? [] : [span(duration, 'dim')],
    screen,
  );
  const inner = { ...screen, width: screen.width - widthOf(tree.below) - 2 };
  return [row, ...indent(detailLines(run, stage, inner), `${tree.below}  `)];
}

function treeOf(ascii: boolean, last: boolean): { readonly branch: string; readonly below: string } {
  if (ascii) return last ? { branch: '`- ', below: '   ' } : { branch: '|- ', below: '|  ' };
  return last ? { branch: '└─ ', below: '   ' } : { branch: '├─ ', below: '│  ' };
}

function detailLines(run: RunView, stage: StageView, screen: Screen): readonly Line[] {
  const rollout = stage.rollout;
  const quiet = rollout === null || (stage.state === 'succeeded' && rollout.strategy === 'rolling');
  const told = rollout?.wait?.cause === stage.wait?.cause;
  return [
    ...(quiet ? [] : rolloutLines(rollout, screen)),
    ...(stage.approval === null ? [] : approvalLines(stage.approval, screen)),
    ...(stage.wait === null || (rollout !== null && told) ? [] : waitLines(stage.wait, screen)),
    ...(stage.failure === null ? [] : failureLines(stage.failure, stage, screen)),
    ...retryLines(run, stage, screen),
  ];
}

function approvalLines(approval: ApprovalView, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const decided = approval.decisions.flatMap((decision) => {
    const key = decision.decision === 'approve' ? 'approval.approvedBy' : 'approval.rejectedBy';
    const comment = decision.comment === '' ? '' : `: ${decision.comment}`;
    return paragraph([], `${text(key, { user: decision.user })}${comment}`, { width: screen.width });
  });
  if (approval.state === 'approved' || approval.state === 'rejected') return decided;
  if (approval.state === 'void') {
    return [...decided, ...paragraph([], text('approval.voided', { reason: approval.voidReason ?? '' }), screen)];
  }
  if (approval.state === 'expired') return [...decided, ...paragraph([], text('approval.expiredLine'), screen)];
  const approved = approval.decisions.filter((decision) => decision.decision === 'approve').length;
  const asked = text('approval.asked', {
    target: approval.target,
    by: approval.by.join(', '),
    approved,
    quorum: approval.quorum,
  });
  return [...paragraph([], asked, { width: screen.width }), ...decided];
}

function failureLines(failure: NonNullable<StageView['failure']>, stage: StageView, screen: Screen): readonly Line[] {
  const shown = failure.evidence.slice(-MOST_EVIDENCE);
  const hidden = failure.evidence.length - shown.length;
  // The rollout's outcome has already told the same in its own words.
  const evidence = stage.rollout?.outcome === null || stage.rollout === null ? shown : [];
  const more = textOf(screen.language)('failure.hidden', { count: hidden });
  return [
    ...paragraph([span(`${failure.code}  `, 'bad')], failure.message, { width: screen.width }),
    ...(hidden > 0 && evidence.length > 0 ? [[span(more, 'dim')]] : []),
    ...evidenceLines(evidence, screen),
    ...fixLines(failure.fix, screen),
  ];
}

/** A failure that can pass on a second try names the command for it. */
function retryLines(run: RunView, stage: StageView, screen: Screen): readonly Line[] {
  if (stage.failure?.retryable !== true || stage.state !== 'failed') return [];
  const why = textOf(screen.language)('stage.retry');
  return nextLines([{ command: `funade retry ${run.id}`, why }], screen);
}

/** What belongs to the run itself and was not told under a stage. */
function tailLines(run: RunView, screen: Screen): readonly Line[] {
  const waits = new Set(run.stages.flatMap((stage) => [stage.wait?.cause, stage.rollout?.wait?.cause]));
  const failures = new Set(run.stages.map((stage) => stage.failure?.message));
  const failure = run.failure;
  return [
    ...(run.wait === null || waits.has(run.wait.cause) ? [] : waitLines(run.wait, screen)),
    ...(failure === null || failures.has(failure.message)
      ? []
      : [
          ...paragraph([span(`${failure.code}  `, 'bad')], failure.message, { width: screen.width }),
          ...evidenceLines(failure.evidence.slice(-MOST_EVIDENCE), screen),
          ...fixLines(failure.fix, screen),
        ]),
  ];
}

function stageDuration(stage: StageView, now: number): string | null {
  if (stage.startedAt === null) return null;
  return formatDuration(Math.max(0, (stage.finishedAt ?? now) - stage.startedAt));
}
