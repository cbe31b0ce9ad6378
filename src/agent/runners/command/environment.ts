import type { Job } from '../../port.ts';
import type { Papers } from './papers.ts';

/** What every program in an agent's box gets, and no more: nothing of the server's own environment. */
export function boxEnvironment(path: string, home: string): Readonly<Record<string, string>> {
  return {
    PATH: path,
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    CI: '1',
    NO_COLOR: '1',
    GIT_TERMINAL_PROMPT: '0',
  };
}

/** What a command-line agent is told beside its prompt. The address of the model bears the token of this run; it is worth nothing elsewhere. */
export function agentEnvironment(
  { task, instruction }: Pick<Job, 'task' | 'instruction'>,
  papers: Papers,
  model: { readonly name: string | null; readonly url: string | null },
): Readonly<Record<string, string>> {
  return {
    FUNADE_TASK_ID: task.id,
    FUNADE_RUN_KIND: instruction.kind,
    FUNADE_PROMPT_FILE: papers.prompt,
    FUNADE_PLAN_FILE: papers.plan,
    FUNADE_SUMMARY_FILE: papers.summary,
    ...(model.name === null ? {} : { FUNADE_MODEL: model.name }),
    ...(model.url === null ? {} : { FUNADE_MODEL_URL: model.url }),
  };
}
