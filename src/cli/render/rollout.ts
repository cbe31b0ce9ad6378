import type { MetricView, RolloutView } from '../../api/contract/index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { evidenceLines, flow, indent, paragraph, waitLines } from './block.ts';
import { type Line, print, span, spread } from './line.ts';
import { iconOf, markOfRollout, markOfStep, markOfVerdict, markSpan } from './marks.ts';
import type { Screen } from './screen.ts';
import { clean, padEnd, widthOf } from './text.ts';

const ENDED = new Set<RolloutView['phase']>([
  'succeeded',
  'aborted',
  'rolled_back',
  'rollback_failed',
  'superseded',
  'cancelled',
]);

function isRolloutOver(phase: RolloutView['phase']): boolean {
  return ENDED.has(phase);
}

/** One rollout on a screen of its own. */
export function renderRollout(rollout: RolloutView, screen: Screen): string[] {
  const text = textOf(screen.language);
  const duration = durationOf(rollout, screen.now);
  const title: Line = [
    span(`${rollout.app} ${rollout.environment}`, 'strong'),
    span(` v${rollout.release.number}  `),
    markSpan(markOfRollout(rollout), screen),
  ];
  const requested = [
    text(rollout.kind === 'rollback' ? 'rollout.rollbackBy' : 'rollout.deployBy', { user: clean(rollout.requestedBy) }),
    ...(rollout.reason === null ? [] : [clean(rollout.reason)]),
  ].join(': ');
  return [
    spread(title, duration === null ? [] : [span(duration, 'dim')], screen),
    spread([span(requested)], [span(rollout.id, 'dim')], screen),
    ...rolloutLines(rollout, screen),
  ].map((line) => print(line, screen));
}

/** What happens inside a rollout: headline, traffic, steps, metrics, waits, outcome. Also nested in the run's tree. */
export function rolloutLines(rollout: RolloutView, screen: Screen): readonly Line[] {
  const over = isRolloutOver(rollout.phase);
  return [
    ...headline(rollout, screen),
    ...(over || rollout.startedAt === null ? [] : trafficLines(rollout, screen)),
    ...(over && rollout.phase === 'succeeded' ? [] : stepLines(rollout, screen)),
    ...metricLines(rollout, screen),
    ...queueLines(rollout, screen),
    ...pausedLines(rollout, screen),
    ...(rollout.wait === null ? [] : waitLines(rollout.wait, screen)),
    ...outcomeLines(rollout, screen),
    ...rollout.notes.flatMap((note) =>
      paragraph([span(screen.ascii ? '- ' : '· ', 'dim')], note, { width: screen.width }),
    ),
  ];
}

function headline(rollout: RolloutView, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const versions =
    rollout.stable === null
      ? text('rollout.first', { version: `v${rollout.release.number}` })
      : text('rollout.over', { version: `v${rollout.release.number}`, stable: `v${rollout.stable.number}` });
  const parts = [
    text(rollout.kind === 'rollback' ? 'rollout.rollback' : `strategy.${rollout.strategy}`),
    versions,
    text(`phase.${rollout.phase}`),
  ];
  const active = rollout.steps.findIndex((step) => step.state === 'active');
  const step = rollout.steps[active];
  if (step !== undefined) {
    parts.push(text('rollout.step', { number: active + 1, count: rollout.steps.length, label: clean(step.label) }));
  }
  if (isRolloutOver(rollout.phase) && rollout.weightsSeen.length > 0) {
    const arrow = screen.ascii ? ' -> ' : ' → ';
    parts.push(text('rollout.weightsSeen', { weights: rollout.weightsSeen.map((weight) => `${weight}%`).join(arrow) }));
  }
  return paragraph([], parts.join(screen.ascii ? ' - ' : ' · '), { width: screen.width });
}

function trafficLines(rollout: RolloutView, screen: Screen): readonly Line[] {
  const share = Math.min(100, Math.max(0, rollout.weight));
  const candidate = `v${rollout.release.number} ${share}%`;
  const stable = rollout.stable === null ? '' : `v${rollout.stable.number} ${100 - share}%`;
  const label = `${textOf(screen.language)('rollout.traffic')}  `;
  const size = Math.min(40, screen.width - widthOf(label) - widthOf(candidate) - widthOf(stable) - 4);
  if (size < 8) return [[span(label, 'dim'), span([candidate, stable].join('  ').trimEnd())]];
  // A candidate with any traffic shows at least one cell, and a full bar means 100 %.
  const filled =
    share === 0 ? 0 : Math.min(share === 100 ? size : size - 1, Math.max(1, Math.round((size * share) / 100)));
  return [
    [
      span(label, 'dim'),
      span((screen.ascii ? '#' : '█').repeat(filled), 'active'),
      span((screen.ascii ? '-' : '░').repeat(size - filled), 'dim'),
      span(`  ${candidate}`, 'strong'),
      span(stable === '' ? '' : `  ${stable}`),
    ],
  ];
}

function stepLines(rollout: RolloutView, screen: Screen): readonly Line[] {
  if (rollout.steps.length === 0) return [];
  const label = `${textOf(screen.language)('rollout.steps')}  `;
  const parts = rollout.steps.map((step): Line => {
    // A rollout that ended is not at a step any more: the step shows how it ended there.
    const ended = step.state === 'active' && isRolloutOver(rollout.phase);
    const icon = iconOf(ended ? markOfRollout(rollout) : markOfStep(step.state), screen);
    return [span(`${icon.text} `, icon.tone), span(clean(step.label), step.state === 'active' ? 'strong' : 'plain')];
  });
  const lines = flow(parts, { width: screen.width - widthOf(label), gap: 2 });
  return lines.map((line, index) => [span(index === 0 ? label : ' '.repeat(widthOf(label)), 'dim'), ...line]);
}

function metricLines(rollout: RolloutView, screen: Screen): readonly Line[] {
  const marks = rollout.metrics.map((metric) => markSpan(markOfVerdict(metric.verdict), screen));
  const markWidth = Math.max(0, ...marks.map((mark) => widthOf(mark.text)));
  const conditions = rollout.metrics.map((metric) => clean(metric.condition));
  const conditionWidth = Math.max(0, ...conditions.map((condition) => widthOf(condition)));
  return rollout.metrics.flatMap((metric, index): readonly Line[] => {
    const mark = marks[index] ?? span('');
    const condition = conditions[index] ?? '';
    const finding = [clean(metric.finding), ...remarksOf(metric, screen)].filter((part) => part !== '').join('; ');
    const start: Line = [
      span(padEnd(mark.text, markWidth), mark.tone),
      span(`  ${padEnd(condition, conditionWidth)}  `),
    ];
    const used = markWidth + conditionWidth + 4;
    if (screen.width - used >= 16) return paragraph(start, finding, { width: screen.width });
    return [start, ...paragraph([span('    ')], finding, { width: screen.width })];
  });
}

function remarksOf(metric: MetricView, screen: Screen): readonly string[] {
  const text = textOf(screen.language);
  const remarks: string[] = [];
  if (metric.failures > 0 && metric.tolerated > 0) {
    remarks.push(text('metric.tolerated', { failures: metric.failures, tolerated: metric.tolerated }));
  }
  if (metric.dryRun) remarks.push(text('metric.dryRun'));
  return remarks;
}

function queueLines(rollout: RolloutView, screen: Screen): readonly Line[] {
  if (rollout.position === 0 && rollout.blocker === null) return [];
  const text = textOf(screen.language);
  const place = text('rollout.position', { position: rollout.position });
  const behind = rollout.blocker === null ? '' : text('rollout.blocker', { blocker: rollout.blocker });
  const icon = iconOf({ icon: 'waiting', word: 'state.waiting' }, screen);
  return paragraph([icon, span(' ')], `${place}${behind}`, { width: screen.width });
}

function pausedLines(rollout: RolloutView, screen: Screen): readonly Line[] {
  if (rollout.paused === null) return [];
  const mark = markSpan({ icon: 'paused', word: 'state.paused' }, screen);
  const since = formatDuration(Math.max(0, screen.now - rollout.paused.since));
  const told = textOf(screen.language)('rollout.pausedBy', { user: rollout.paused.by, duration: since });
  return paragraph([mark, span('  ')], `${told}: ${rollout.paused.reason}`, { width: screen.width });
}

function outcomeLines(rollout: RolloutView, screen: Screen): readonly Line[] {
  if (rollout.outcome === null) return [];
  const mark = iconOf(markOfRollout(rollout), screen);
  return [
    ...paragraph([mark, span(' ')], rollout.outcome.reason, { width: screen.width }),
    ...indent(evidenceLines(rollout.outcome.evidence, { ...screen, width: screen.width - 2 }), '  '),
  ];
}

function durationOf(rollout: RolloutView, now: number): string | null {
  if (rollout.startedAt === null) return null;
  return formatDuration(Math.max(0, (rollout.finishedAt ?? now) - rollout.startedAt));
}
