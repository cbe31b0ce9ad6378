import type { VerifyStageConfig } from '../../config/index.ts';
import { FunadeError, isFunadeError, messageOf, sleep } from '../../kernel/index.ts';
import type { StageFailure } from '../port.ts';
import { ensureCheckout } from '../workspace.ts';
import { runCommand } from './run.ts';
import { type StageContext, type StageResult, failed } from './stage.ts';

const BETWEEN_TRIES = 1000;
const EXCERPT = 200;

/**
 * Asks the deployed application, or runs commands against it. A failure takes back what this run deployed there. The verdict is
 * stored first: after a restart in between, the version that was put back must not be asked in place of the one that failed.
 */
export async function verifyStage(context: StageContext<VerifyStageConfig>): Promise<StageResult> {
  const { failure } = context.stage;
  if (failure !== null) return { kind: 'failed', as: 'failed', failure: await compensate(context, failure) };
  const result = (await probe(context)) ?? (await runChecks(context)) ?? ({ kind: 'succeeded' } as const);
  if (result.kind !== 'failed' || !hasDeployed(context)) return result;
  const now = context.dependencies.clock.now();
  const wait = {
    cause: `taking ${context.config.in} back, because its verification failed`,
    since: now,
    until: null,
    endedBy: 'the rollback being asked for',
    next: [],
  };
  return { kind: 'waiting', wait, wakeAt: now, failure: result.failure };
}

async function probe(context: StageContext<VerifyStageConfig>): Promise<StageResult | null> {
  const { config, dependencies, run, log } = context;
  if (config.http === null) return null;
  const url = dependencies.probe.url(run.app, config.in) + config.http;
  const deadline = AbortSignal.any([context.signal, AbortSignal.timeout(config.timeout)]);
  let finding = 'no try was made';
  for (let attempt = 1; attempt <= config.attempts && !deadline.aborted; attempt += 1) {
    if (attempt > 1) await sleep(BETWEEN_TRIES, deadline);
    finding = await ask(context, url, deadline);
    log.line(`try ${attempt} of ${config.attempts}: GET ${url} → ${finding}`);
    if (finding === '') return null;
  }
  if (context.signal.aborted) throw new FunadeError('FUN_LEASE_LOST', { what: run.id });
  return failed(new FunadeError('FUN_VERIFY_FAILED', { url, finding, environment: config.in }));
}

/** What does not fit the expectation; empty when all does. */
async function ask(context: StageContext<VerifyStageConfig>, url: string, signal: AbortSignal): Promise<string> {
  const { expect } = context.config;
  try {
    const answer = await context.dependencies.probe.get(url, signal);
    if (answer.status !== expect.status)
      return `status ${answer.status}, expected ${expect.status}: ${answer.body.slice(0, EXCERPT)}`;
    if (expect.body !== null && !answer.body.includes(expect.body))
      return `the body lacks ${JSON.stringify(expect.body)}: ${answer.body.slice(0, EXCERPT)}`;
    return '';
  } catch (thrown) {
    return messageOf(thrown);
  }
}

async function runChecks(context: StageContext<VerifyStageConfig>): Promise<StageResult | null> {
  const { config, dependencies, run } = context;
  if (config.run.length === 0) return null;
  await ensureCheckout(context);
  const deadline = dependencies.clock.now() + config.timeout;
  const variables = { FUNADE_URL: dependencies.probe.url(run.app, config.in), FUNADE_ENVIRONMENT: config.in };
  for (const command of config.run) {
    const fault = await runCommand(context, command, deadline, variables);
    if (fault !== null) return fault;
  }
  return null;
}

/** Compensation only for effects that were made: this run must itself have deployed to the environment that it verifies. */
function hasDeployed({ config, stages, stage }: StageContext<VerifyStageConfig>): boolean {
  return stages.some(
    (other) =>
      other.index < stage.index &&
      other.config.kind === 'deploy' &&
      other.config.to === config.in &&
      other.state === 'succeeded',
  );
}

/** Asks for the way back, and adds to the failure what became of it. */
async function compensate(
  { config, run, log, dependencies }: StageContext<VerifyStageConfig>,
  failure: StageFailure,
): Promise<StageFailure> {
  const place = { app: run.app, environment: config.in, releaseId: run.release_id ?? '' };
  const outcome = await dependencies.delivery.rollback(place, `verification of run ${run.id} failed`).then(
    (rollout) =>
      rollout === null ? `there was nothing to roll ${config.in} back to` : `${config.in} goes back: ${rollout}`,
    (thrown: unknown) => {
      if (!isFunadeError(thrown) || thrown.retryable) throw thrown;
      return thrown.message;
    },
  );
  log.line(outcome);
  return { ...failure, evidence: [...failure.evidence, outcome] };
}
