import type {
  AppView,
  ApprovalView,
  DeliveryView,
  DeploymentView,
  ReleaseView,
  RolloutView,
  RunView,
  SecretView,
  TokenView,
} from '../../api/contract/index.ts';
import { formatDuration } from '../../kernel/index.ts';
import { textOf } from '../locales/index.ts';
import { markOfApproval, markOfDeployment, markOfRollout, markOfRun, markSpan } from './marks.ts';
import type { Screen } from './screen.ts';
import { renderTable } from './table.ts';

export function renderApps(apps: readonly AppView[], screen: Screen): string[] {
  return renderTable(
    [
      { title: 'column.app', least: 8 },
      { title: 'column.forge' },
      { title: 'column.repository', least: 16 },
      { title: 'column.environments', least: 12 },
      { title: 'column.added' },
    ],
    apps.map((app) => ({
      cells: [
        { text: app.name, tone: 'strong' },
        app.forge,
        app.repository,
        app.environments.map((environment) => environment.name).join(', ') || '-',
        ago(app.addedAt, screen),
      ],
    })),
    screen,
  );
}

export function renderRuns(runs: readonly RunView[], screen: Screen): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [
      { title: 'column.app', least: 6 },
      { title: 'column.release' },
      { title: 'column.state', least: 10 },
      { title: 'column.commit' },
      { title: 'column.message', least: 12 },
      { title: 'column.trigger', least: 12 },
      { title: 'column.started' },
      { title: 'column.id' },
    ],
    runs.map((run) => {
      const mark = markSpan(markOfRun(run), screen);
      return {
        cells: [
          run.app,
          { text: run.release === null ? '-' : `v${run.release.number}`, tone: 'strong' },
          { text: mark.text, tone: mark.tone },
          run.commit === null ? '-' : run.commit.sha.slice(0, 7),
          run.commit === null ? '-' : run.commit.message,
          text(`trigger.${run.trigger.kind}`, { actor: run.trigger.actor, ref: run.trigger.ref }),
          ago(run.startedAt ?? run.createdAt, screen),
          { text: run.id, tone: 'dim' },
        ],
      };
    }),
    screen,
  );
}

export function renderReleases(releases: readonly ReleaseView[], screen: Screen): string[] {
  return renderTable(
    [
      { title: 'column.app', least: 8 },
      { title: 'column.release' },
      { title: 'column.commit' },
      { title: 'column.message', least: 16 },
      { title: 'column.author', least: 8 },
      { title: 'column.made' },
      { title: 'column.id' },
    ],
    releases.map((release) => ({
      cells: [
        release.app,
        { text: `v${release.number}`, tone: 'strong' },
        release.commit.sha.slice(0, 7),
        release.commit.message,
        release.commit.author,
        ago(release.createdAt, screen),
        { text: release.id, tone: 'dim' },
      ],
    })),
    screen,
  );
}

export function renderRollouts(rollouts: readonly RolloutView[], screen: Screen): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [
      { title: 'column.app', least: 6 },
      { title: 'column.environment', least: 8 },
      { title: 'column.release' },
      { title: 'column.strategy' },
      { title: 'column.state', least: 10 },
      { title: 'column.weight', align: 'right' },
      { title: 'column.started' },
      { title: 'column.id' },
    ],
    rollouts.map((rollout) => {
      const mark = markSpan(markOfRollout(rollout), screen);
      return {
        cells: [
          rollout.app,
          rollout.environment,
          { text: `v${rollout.release.number}`, tone: 'strong' },
          text(rollout.kind === 'rollback' ? 'rollout.rollback' : `strategy.${rollout.strategy}`),
          { text: mark.text, tone: mark.tone },
          `${rollout.weight}%`,
          ago(rollout.startedAt ?? rollout.createdAt, screen),
          { text: rollout.id, tone: 'dim' },
        ],
      };
    }),
    screen,
  );
}

export function renderDeployments(deployments: readonly DeploymentView[], screen: Screen): string[] {
  return renderTable(
    [
      { title: 'column.app', least: 6 },
      { title: 'column.environment', least: 8 },
      { title: 'column.release' },
      { title: 'column.previous' },
      { title: 'column.state', least: 10 },
      { title: 'column.by', least: 6 },
      { title: 'column.started' },
      { title: 'column.reason', least: 8 },
    ],
    deployments.map((deployment) => {
      const mark = markSpan(markOfDeployment(deployment.status), screen);
      return {
        cells: [
          deployment.app,
          deployment.environment,
          { text: `v${deployment.release.number}`, tone: 'strong' },
          deployment.previous === null ? '-' : `v${deployment.previous.number}`,
          { text: mark.text, tone: mark.tone },
          deployment.by,
          ago(deployment.startedAt, screen),
          deployment.reason ?? '-',
        ],
      };
    }),
    screen,
  );
}

export function renderDeliveries(deliveries: readonly DeliveryView[], screen: Screen): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [
      { title: 'column.id' },
      { title: 'column.source', least: 6 },
      { title: 'column.event', least: 6 },
      { title: 'column.outcome' },
      { title: 'column.reason', least: 10 },
      { title: 'column.workedOn', least: 8 },
      { title: 'column.received' },
    ],
    deliveries.map((delivery) => ({
      cells: [
        delivery.id,
        delivery.source,
        delivery.event,
        { text: text(`delivery.${delivery.outcome}`), tone: delivery.outcome === 'rejected' ? 'bad' : 'plain' },
        delivery.reason ?? '-',
        [...delivery.runIds, ...delivery.taskIds].join(' ') || '-',
        ago(delivery.receivedAt, screen),
      ],
    })),
    screen,
  );
}

export function renderApprovals(approvals: readonly ApprovalView[], screen: Screen): string[] {
  return renderTable(
    [
      { title: 'column.id' },
      { title: 'column.app', least: 6 },
      { title: 'column.release' },
      { title: 'column.target', least: 8 },
      { title: 'column.state', least: 8 },
      { title: 'column.approvers', least: 8 },
      { title: 'column.quorum', align: 'right' },
      { title: 'column.expires' },
    ],
    approvals.map((approval) => {
      const mark = markSpan(markOfApproval(approval.state), screen);
      const approved = approval.decisions.filter((decision) => decision.decision === 'approve').length;
      return {
        cells: [
          approval.id,
          approval.app,
          { text: `v${approval.releaseNumber}`, tone: 'strong' },
          approval.target,
          { text: mark.text, tone: mark.tone },
          approval.by.join(', '),
          `${approved}/${approval.quorum}`,
          formatDuration(Math.max(0, approval.expiresAt - screen.now)),
        ],
      };
    }),
    screen,
  );
}

export function renderTokens(tokens: readonly TokenView[], screen: Screen): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [
      { title: 'column.id' },
      { title: 'column.name', least: 8 },
      { title: 'column.role' },
      { title: 'column.scopes', least: 10 },
      { title: 'column.made' },
      { title: 'column.used' },
      { title: 'column.expires' },
      { title: 'column.state' },
    ],
    tokens.map((token) => {
      const state = stateOf(token, screen);
      return {
        cells: [
          { text: token.id, tone: 'dim' },
          { text: token.name, tone: 'strong' },
          token.role,
          token.scopes?.join(' ') ?? '-',
          ago(token.createdAt, screen),
          token.lastUsedAt === null ? '-' : ago(token.lastUsedAt, screen),
          token.expiresAt === null ? '-' : formatDuration(Math.max(0, token.expiresAt - screen.now)),
          { text: text(`token.${state}`), tone: state === 'valid' ? 'good' : 'dim' },
        ],
      };
    }),
    screen,
  );
}

function stateOf(token: TokenView, screen: Screen): 'valid' | 'revoked' | 'expired' {
  if (token.revokedAt !== null) return 'revoked';
  return token.expiresAt !== null && token.expiresAt <= screen.now ? 'expired' : 'valid';
}

export function renderSecrets(secrets: readonly SecretView[], screen: Screen): string[] {
  const text = textOf(screen.language);
  return renderTable(
    [
      { title: 'column.name', least: 12 },
      { title: 'column.environment', least: 8 },
      { title: 'column.version', align: 'right' },
      { title: 'column.by', least: 6 },
      { title: 'column.set' },
    ],
    secrets.map((secret) => ({
      cells: [
        { text: secret.name, tone: 'strong' },
        secret.environment ?? text('secret.everywhere'),
        String(secret.version),
        secret.setBy,
        ago(secret.setAt, screen),
      ],
    })),
    screen,
  );
}

/** How long ago, in words. */
export function ago(at: number, screen: Screen): string {
  return textOf(screen.language)('ago', { duration: formatDuration(Math.max(0, screen.now - at)) });
}
