import type { VerifyStageConfig } from '../../config/index.ts';
import { FunadeError, messageOf, sleep } from '../../kernel/index.ts';
import { ensureCheckout } from '../workspace.ts';
import { runCommand } from './run.ts';
import { type StageContext, type StageResult, failed } from './stage.ts';

const BETWEEN_TRIES = 1000;
const EXCERPT = 200;

/** Asks the deployed application, or runs commands against it. A failure takes back what this run deployed there. */
export async function verifyStage(context: StageContext<VerifyStageConfig>): Promise<StageResult> {
  const result = (await probe(context)) ?? (await runChecks(context)) ?? ({ kind: 'succeeded' } as const);
  if (result.kind === 'failed') await compensate(context);
  return result;
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
async function compensate(context: StageContext<VerifyStageConfig>): Promise<void> {
  const { config, stages, stage, run, log, dependencies } = context;
  const deployed = stages.some(
    (other) =>
      other.index < stage.index &&
      other.config.kind === 'deploy' &&
      other.config.to === config.in &&
      other.state === 'succeeded',
  );
  if (!deployed) return;
  const rollout = await dependencies.delivery.rollback(
    { app: run.app, environment: config.in },
    `verification of run ${run.id} failed`,
  );
  log.line(rollout === null ? `nothing to roll ${config.in} back to` : `rolling ${config.in} back: ${rollout}`);
}
