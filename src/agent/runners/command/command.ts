import type { AgentConfig } from '../../../config/index.ts';
import type { CommandOutcome } from '../../../sandbox/index.ts';
import type { ModelProxy } from '../../model/proxy.ts';
import type { ModelAccess } from '../../model/session.ts';
import type { Job, Runner, RunnerEnd } from '../../port.ts';
import { type BoxMeans, isolationMissing, runInBox } from './box.ts';
import { createPurse } from './budget.ts';
import { type Circumstances, failureOf } from './ending.ts';
import { agentEnvironment } from './environment.ts';
import { type Papers, layOutPapers, readPaper } from './papers.ts';
import { type Listener, checklistIn, createListener } from './speech.ts';

/** Milliseconds that an agent gets to finish without the model when its budget is used up. */
const LAST_WORDS_WITHIN = 60_000;

export interface CommandRunnerOptions extends BoxMeans {
  readonly proxy: ModelProxy;
  readonly config: Pick<AgentConfig, 'command' | 'network' | 'untrusted' | 'limits' | 'model'>;
  /** Milliseconds; 60 s. */
  readonly patience?: number;
}

/** Any command-line agent: its prompt comes by file and standard input, its work is what it leaves in the checkout. */
export function createCommandRunner(options: CommandRunnerOptions): Runner {
  return { id: 'command', needsCheckout: true, run: (job) => runCommandAgent(options, job) };
}

async function runCommandAgent(options: CommandRunnerOptions, job: Job): Promise<RunnerEnd> {
  const { command } = options.config;
  if (command === null) return permanent('no_runner', 'agent.command is not set');
  const missing = isolationMissing(options);
  if (missing !== null) return permanent('no_isolation', missing);
  const papers = await layOutPapers(job.home, job.instruction.prompt);
  const listener = createListener((said) => job.report(said));
  const { outcome, circumstances } = await attend(options, { job, command, papers, listener });
  listener.end();
  const failure = failureOf(outcome, circumstances);
  if (failure !== null) return failure;
  return job.instruction.kind === 'plan' ? planOf(papers, listener) : summaryOf(papers, listener);
}

interface Session {
  readonly job: Job;
  readonly command: string;
  readonly papers: Papers;
  readonly listener: Listener;
}

/** Runs the command to its end, with the model at its side. */
async function attend(
  options: CommandRunnerOptions,
  { job, command, papers, listener }: Session,
): Promise<{ readonly outcome: CommandOutcome; readonly circumstances: Circumstances }> {
  const { config, proxy, patience = LAST_WORDS_WITHIN } = options;
  const purse = createPurse(job);
  const given = new AbortController();
  let usedUp: Circumstances['usedUp'] = null;
  let timer: NodeJS.Timeout | undefined;
  const access: ModelAccess | null =
    config.network === 'none'
      ? null
      : proxy.open(job.task.id, {
          mayGoOn: () => purse.usedUp() === null,
          onUsage: (used) => {
            purse.take(used);
            job.report({ used });
          },
          onUsedUp: () => {
            usedUp ??= purse.usedUp();
            timer ??= setTimeout(() => given.abort(), patience);
          },
        });
  try {
    const outcome = await runInBox(options, {
      ...{ command, access, cwd: job.directory, home: job.home, input: job.instruction.prompt, owner: job.task.id },
      env: (url) => agentEnvironment(job, papers, { name: config.model.name, url }),
      timeout: job.settings.budget.time,
      signal: AbortSignal.any([job.signal, given.signal]),
      onOutput: (chunk, stream) => {
        job.log(chunk);
        listener.hear(chunk, stream);
      },
    });
    const isInterrupted = outcome.kind === 'aborted' && job.signal.aborted;
    return { outcome, circumstances: { usedUp: isInterrupted ? null : usedUp, trouble: access?.trouble() ?? null } };
  } finally {
    clearTimeout(timer);
    access?.close();
  }
}

async function summaryOf(papers: Papers, listener: Listener): Promise<RunnerEnd> {
  const summary = (await readPaper(papers, papers.summary)) ?? listener.lastWords();
  return { kind: 'succeeded', summary };
}

async function planOf(papers: Papers, listener: Listener): Promise<RunnerEnd> {
  const plan = (await readPaper(papers, papers.plan)) ?? listener.lastWords();
  if (plan === '') {
    const detail = 'it was asked for a plan and wrote none, neither to FUNADE_PLAN_FILE nor to its output';
    return { kind: 'failed', blame: 'agent', reason: 'command_failed', detail };
  }
  const items = checklistIn(plan);
  return { kind: 'planned', plan, items: items.length > 0 ? items : listener.plan() };
}

function permanent(reason: string, detail: string): RunnerEnd {
  return { kind: 'failed', blame: 'permanent', reason, detail };
}
