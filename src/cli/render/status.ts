import type { AppView, EnvironmentView } from '../../api/contract/index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { nextLines, paragraph } from './block.ts';
import { type Line, type Tone, print, span } from './line.ts';
import { markOfPhase, markSpan } from './marks.ts';
import type { Screen } from './screen.ts';
import { type Cell, type Row, renderTable } from './table.ts';

const HEALTH_TONES: Readonly<Record<EnvironmentView['health'], Tone>> = { ok: 'good', degraded: 'bad', unknown: 'dim' };

/** Applications × environments: what is live, how it does, and what keeps it from moving. */
export function renderStatus(apps: readonly AppView[], screen: Screen): string[] {
  const text = textOf(screen.language);
  if (apps.length === 0) {
    const lines = [
      [span(text('status.none'))],
      ...nextLines([{ command: 'funade app add <path-or-git-url>' }], screen),
    ];
    return lines.map((line) => print(line, screen));
  }
  const rows = apps.flatMap((app): readonly Row[] =>
    app.environments.length === 0
      ? [{ cells: [app.name, '-', '-', text('status.neverShipped'), '-', '-', '-', '-'], below: shipHint(app, screen) }]
      : app.environments.map((environment) => rowOf(app, environment, screen)),
  );
  return renderTable(
    [
      { title: 'column.app', least: 7 },
      { title: 'column.environment', least: 10 },
      { title: 'column.live' },
      { title: 'column.state', least: 11 },
      { title: 'column.health' },
      { title: 'column.requests', align: 'right' },
      { title: 'column.errors', align: 'right' },
      { title: 'column.p95', align: 'right' },
    ],
    rows,
    screen,
  );
}

function shipHint(app: AppView, screen: Screen): readonly Line[] {
  return nextLines([{ command: `funade ship ${app.name}` }], { ...screen, width: screen.width - 2 }).map((line) => [
    span('  '),
    ...line,
  ]);
}

function rowOf(app: AppView, environment: EnvironmentView, screen: Screen): Row {
  const text = textOf(screen.language);
  const mark = markSpan(markOfPhase(environment.state), screen);
  const health: Cell = { text: text(`health.${environment.health}`), tone: HEALTH_TONES[environment.health] };
  const traffic = trafficOf(environment);
  return {
    cells: [
      { text: app.name, tone: 'strong' },
      environment.name,
      traffic,
      { text: mark.text, tone: mark.tone },
      health,
      environment.requestsPerSecond.toFixed(1),
      percentOf(environment.errorShare),
      environment.latencyP95 === null ? '-' : `${Math.round(environment.latencyP95)}ms`,
    ],
    below: remarks(environment, screen),
  };
}

/** The live release; while traffic is split, every release that gets some, with its share. */
function trafficOf(environment: EnvironmentView): string {
  const shares = environment.traffic.filter((share) => share.weight > 0);
  if (shares.length <= 1) return environment.live === null ? '-' : `v${environment.live.number}`;
  return shares
    .map((share) => `${share.releaseNumber === null ? share.releaseId : `v${share.releaseNumber}`} ${share.weight}%`)
    .join(' ');
}

/** `errorShare` is percent, as all shares of the views are. */
function percentOf(share: number | null): string {
  if (share === null) return '-';
  return `${share >= 10 || share === 0 ? share.toFixed(0) : share.toFixed(1)}%`;
}

function remarks(environment: EnvironmentView, screen: Screen): readonly Line[] {
  const text = textOf(screen.language);
  const inner = { ...screen, width: screen.width - 2 };
  const lines: Line[] = [];
  if (environment.drift !== null)
    lines.push(...paragraph([], text('status.drift', { drift: environment.drift }), inner));
  if (environment.hold !== null) {
    const { releaseNumber, by, reason, since } = environment.hold;
    const duration = formatDuration(Math.max(0, screen.now - since));
    lines.push(...paragraph([], text('status.hold', { version: `v${releaseNumber}`, by, reason, duration }), inner));
  }
  for (const { releaseNumber, position, blocker } of environment.waiting) {
    lines.push(...paragraph([], text('status.waiting', { version: `v${releaseNumber}`, position, blocker }), inner));
  }
  if (!environment.rollback.ready && environment.rollback.reason !== null && environment.live !== null) {
    lines.push(...paragraph([], text('status.noRollback', { reason: environment.rollback.reason }), inner));
  }
  return lines.map((line) => [span('  '), ...line.map((part) => ({ ...part, tone: 'dim' as const }))]);
}
