import { join } from 'node:path';
import type { RunStageConfig } from '../../config/index.ts';
import { FunadeError, formatDuration } from '../../kernel/index.ts';
import type { CommandOutcome } from '../../sandbox/index.ts';
import { sealRelease } from '../release.ts';
import { setRunRelease } from '../store.ts';
import { ensureCheckout, workspaceOf } from '../workspace.ts';
import { type StageContext, type StageResult, failed } from './stage.ts';

/** Runs the stage's commands one after the other in the run's checkout; a build hands over its artifact as the release. */
export async function runStage(context: StageContext<RunStageConfig>): Promise<StageResult> {
  const { config, run } = context;
  await ensureCheckout(context);
  const deadline = context.dependencies.clock.now() + config.timeout;
  for (const command of config.run) {
    const fault = await runCommand(context, command, deadline);
    if (fault !== null) return fault;
  }
  if (config.artifact === null) return { kind: 'succeeded' };
  const release = await sealRelease(context, join(workspaceOf(context).checkout, config.artifact));
  context.log.line(`artifact ${release.artifact_digest} → release v${release.number}`);
  return { kind: 'succeeded', commit: (trx) => setRunRelease(trx, run.id, release.id) };
}

/** Runs one command; null when it succeeded. */
export async function runCommand(
  context: StageContext,
  command: string,
  deadline: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<StageResult | null> {
  const { dependencies, run, stage, log, config } = context;
  const { checkout } = workspaceOf(context);
  log.line(`$ ${command}`);
  const timeout = Math.max(1, deadline - dependencies.clock.now());
  const outcome = await dependencies.sandbox.run({
    command: { shell: command },
    cwd: checkout,
    env: {
      PATH: dependencies.path,
      CI: 'true',
      LANG: 'C.UTF-8',
      FUNADE_APP: run.app,
      FUNADE_RUN: run.id,
      FUNADE_COMMIT: run.sha ?? '',
      ...(config.kind === 'run' ? config.environment : {}),
      ...variables,
    },
    timeout,
    network: 'host',
    writable: [checkout],
    hidden: dependencies.hidden,
    signal: context.signal,
    owner: `${run.id}/${stage.name}`,
    onOutput: (chunk) => log.write(chunk),
  });
  if (outcome.droppedBytes > 0) log.line(`(${outcome.droppedBytes} bytes of output were dropped at the cap)`);
  return faultOf(outcome, { command, timeout: config.timeout, runId: run.id });
}

function faultOf(
  outcome: CommandOutcome,
  facts: { readonly command: string; readonly timeout: number; readonly runId: string },
): StageResult | null {
  const { command, runId } = facts;
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0
        ? null
        : failed(new FunadeError('FUN_COMMAND_FAILED', { command, outcome: `exit code ${outcome.code}`, run: runId }));
    case 'signalled':
      return failed(
        new FunadeError('FUN_COMMAND_FAILED', { command, outcome: `signal ${outcome.signal}`, run: runId }),
      );
    case 'timed_out':
      return failed(new FunadeError('FUN_COMMAND_TIMEOUT', { command, timeout: formatDuration(facts.timeout) }));
    case 'not_started':
      return failed(new FunadeError('FUN_COMMAND_NOT_STARTED', { command, reason: outcome.reason }));
    case 'aborted':
      throw new FunadeError('FUN_LEASE_LOST', { what: runId });
  }
}
