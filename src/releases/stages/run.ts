import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { RunStageConfig } from '../../config/index.ts';
import { FunadeError, assertNever, formatDuration } from '../../kernel/index.ts';
import type { CommandOutcome } from '../../sandbox/index.ts';
import { readLogTail } from '../logs/store.ts';
import { sealRelease } from '../release.ts';
import { ensureCheckout, workspaceOf } from '../workspace.ts';
import { type StageContext, type StageResult, failed } from './stage.ts';

const EVIDENCE_LINES = 12;
const EVIDENCE_WIDTH = 300;

/** Runs the stage's commands one after the other in the run's checkout; a build hands over its artifact as the release. */
export async function runStage(context: StageContext<RunStageConfig>): Promise<StageResult> {
  const { config } = context;
  await ensureCheckout(context);
  const deadline = context.dependencies.clock.now() + config.timeout;
  for (const command of config.run) {
    const fault = await runCommand(context, command, deadline);
    if (fault !== null) return fault;
  }
  if (config.artifact === null) return { kind: 'succeeded' };
  const release = await sealRelease(context, await artifactIn(workspaceOf(context).checkout, config.artifact));
  context.log.line(`artifact ${release.digest} of release ${release.id}`);
  return {
    kind: 'succeeded',
    commit: async (trx) => {
      await release.keep(trx);
    },
  };
}

/** The store copies with the rights of this server: a link must not lead it to what the commands could not read. */
async function artifactIn(checkout: string, path: string): Promise<string> {
  const [root, directory] = [await realpath(checkout), await realpath(join(checkout, path)).catch(() => null)];
  if (directory === null) throw new FunadeError('FUN_ARTIFACT_REFUSED', { path, reason: 'the build did not make it' });
  if (directory !== root && !directory.startsWith(root + sep))
    throw new FunadeError('FUN_ARTIFACT_REFUSED', { path, reason: 'it is a link that leads out of the checkout' });
  return directory;
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
  const fault = faultOf(outcome, { command, timeout: config.timeout, runId: run.id });
  if (fault === null) return null;
  log.line(fault.message);
  const evidence = outcome.outputBytes === 0 ? [] : await lastLines(context);
  return failed(fault, evidence);
}

async function lastLines({ dependencies, stage, log }: StageContext): Promise<readonly string[]> {
  await log.flush();
  const lines = await readLogTail(dependencies.db, stage, EVIDENCE_LINES + 1);
  return lines.slice(0, -1).map((line) => line.slice(0, EVIDENCE_WIDTH));
}

function faultOf(
  outcome: CommandOutcome,
  facts: { readonly command: string; readonly timeout: number; readonly runId: string },
): FunadeError | null {
  const { command, runId } = facts;
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0
        ? null
        : new FunadeError('FUN_COMMAND_FAILED', { command, outcome: `exit code ${outcome.code}`, run: runId });
    case 'signalled':
      return new FunadeError('FUN_COMMAND_FAILED', { command, outcome: `signal ${outcome.signal}`, run: runId });
    case 'timed_out':
      return new FunadeError('FUN_COMMAND_TIMEOUT', { command, timeout: formatDuration(facts.timeout) });
    case 'flooded':
      return new FunadeError('FUN_COMMAND_FAILED', { command, outcome: 'too much output', run: runId });
    case 'out_of_memory':
      return new FunadeError('FUN_COMMAND_FAILED', { command, outcome: 'too much memory', run: runId });
    case 'not_started':
      return new FunadeError('FUN_COMMAND_NOT_STARTED', { command, reason: outcome.reason });
    case 'aborted':
      throw new FunadeError('FUN_LEASE_LOST', { what: runId });
    default:
      return assertNever(outcome);
  }
}
