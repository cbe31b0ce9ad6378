import { type ToolSet, jsonSchema, tool } from 'ai';
import type { ModelConfig } from '../../../config/index.ts';
import { type Logger, newId } from '../../../kernel/index.ts';
import type { Job, RunnerEnd, TaskUsage } from '../../port.ts';
import { addUsage, exceeded, usageOf } from '../budget.ts';
import { type Bench, carryOut } from './carry-out.ts';
import { SUMMARISE, callNoTool, commentBlock, instructionsFor } from './instructions.ts';
import { compact, corrected, isFull } from './memory/compact.ts';
import {
  type Conversation,
  type Entry,
  messagesOf,
  printConversation,
  userEntry,
  withEntry,
} from './memory/conversation.ts';
import { ratioOf, roughRequest, roughTokens } from './memory/estimate.ts';
import { type Asked, type ModelAnswer, type ModelMeans, askModel } from './model/ask-model.ts';

const MOST_NONSENSE = 5;
const LONGEST_NOTE = 200;

export interface Session {
  readonly job: Job;
  readonly config: ModelConfig;
  readonly model: ModelMeans;
  readonly bench: Bench;
  readonly logger: Logger;
}

/** Where the work stands between two steps. */
interface Standing {
  readonly conversation: Conversation;
  /** Over all attempts of the task. */
  readonly used: TaskUsage;
  /** Answers in a row that made no sense. */
  readonly nonsense: number;
  /** The endpoint called the last request too long. */
  readonly wasTooLong: boolean;
}

type Stepped = { readonly kind: 'on'; readonly standing: Standing } | { readonly kind: 'end'; readonly end: RunnerEnd };

/** Asks the model, does what it calls for, saves, and so on to the end. */
export async function work(session: Session, conversation: Conversation): Promise<RunnerEnd> {
  const fixed = fixedOf(session);
  let standing: Standing = { conversation, used: session.job.task.usage, nonsense: 0, wasTooLong: false };
  for (;;) {
    const stepped = await step(session, standing, fixed);
    if (stepped.kind === 'end') return stepped.end;
    standing = stepped.standing;
  }
}

/** What every request has beside the conversation. */
interface Fixed {
  readonly instructions: string;
  readonly tools: ToolSet;
  readonly tokens: number;
}

function fixedOf({ bench, job }: Session): Fixed {
  const instructions = instructionsFor(job.instruction.kind);
  const all = [...bench.tools.values()];
  const tools = Object.fromEntries(
    all.map(({ name, description, schema }) => [name, tool({ description, inputSchema: jsonSchema(schema) })]),
  );
  const described = all.map(({ name, description, schema }) => ({ name, description, schema }));
  return { instructions, tools, tokens: roughTokens(instructions) + roughTokens(JSON.stringify(described)) };
}

async function step(session: Session, before: Standing, fixed: Fixed): Promise<Stepped> {
  const { job, model } = session;
  if (job.signal.aborted) return ended({ kind: 'interrupted' });
  const over = exceeded(job.settings.budget, before.used);
  if (over !== null) return ended({ kind: 'failed', reason: over, detail: describe(before.used), blame: 'permanent' });
  const standing = await makeRoom(session, await withComments(session, before), fixed);
  const { instructions, tools } = fixed;
  const messages = messagesOf(standing.conversation);
  const asked = await askModel(model, { instructions, messages, tools, signal: job.signal });
  return takeAnswer(session, asked, standing, fixed);
}

function ended(end: RunnerEnd): Stepped {
  return { kind: 'end', end };
}

function describe({ steps, inputTokens, outputTokens, money }: TaskUsage): string {
  return `${steps} steps, ${inputTokens + outputTokens} tokens${money === null ? '' : `, $${money.toFixed(2)}`}`;
}

async function withComments({ job }: Session, standing: Standing): Promise<Standing> {
  const comments = await job.inbox();
  if (comments.length === 0) return standing;
  job.log(`Comments of ${comments.map(({ author }) => author).join(', ')} are handed over.\n`);
  return {
    ...standing,
    conversation: withEntry(standing.conversation, userEntry('comments', commentBlock(comments, newId('data')))),
  };
}

async function makeRoom(session: Session, standing: Standing, { tokens }: Fixed): Promise<Standing> {
  const { window } = session.config;
  const full = { window, fixed: tokens };
  const { conversation } = standing;
  if (!standing.wasTooLong && !isFull(conversation, full)) return standing;
  let { used } = standing;
  const means = {
    ...full,
    summarise: async (transcript: string) => {
      if (exceeded(session.job.settings.budget, used) !== null) return null;
      const summary = await summarise(session, transcript);
      if (summary === null) return null;
      used = addUsage(used, summary.usage);
      return summary.text === '' ? null : summary.text;
    },
  };
  const compacted = await compact(standing.wasTooLong ? corrected(conversation, means) : conversation, means);
  session.job.log('The conversation was shortened to fit into the window of the model.\n');
  return { ...standing, used, conversation: compacted };
}

async function summarise(session: Session, transcript: string): Promise<{ text: string; usage: TaskUsage } | null> {
  const { job, model, logger } = session;
  const once = { ...model, pace: { ...model.pace, repeat: [] } };
  const messages = [{ role: 'user' as const, content: `<transcript>\n${transcript}\n</transcript>` }];
  const asked = await askModel(once, { instructions: SUMMARISE, messages, tools: {}, signal: job.signal });
  if (asked.kind !== 'answered') {
    logger.warn({ task: job.task.id, kind: asked.kind }, 'the model made no summary, older turns are dropped');
    return null;
  }
  const usage = report(session, asked.answer, roughTokens(transcript));
  return { text: asked.answer.finish === 'content-filter' ? '' : asked.answer.text.trim(), usage };
}

/** Tells what an answer used, by our own count where the endpoint has none. */
function report({ job, config }: Session, answer: ModelAnswer, rough: number): TaskUsage {
  const inputTokens = answer.inputTokens ?? rough;
  const outputTokens = answer.outputTokens ?? roughTokens(answer.text + JSON.stringify(answer.calls));
  const usage = usageOf({ inputTokens, outputTokens }, config.price);
  job.report({ used: usage });
  return usage;
}

async function takeAnswer(session: Session, asked: Asked, standing: Standing, fixed: Fixed): Promise<Stepped> {
  switch (asked.kind) {
    case 'interrupted':
      return ended({ kind: 'interrupted' });
    case 'failed':
      return ended(asked.end);
    case 'too_long':
      if (standing.wasTooLong) return ended(refused(asked.detail));
      return { kind: 'on', standing: { ...standing, wasTooLong: true } };
    case 'nonsense':
      session.job.log(`The answer of the model can't be read: ${asked.detail}\n`);
      return another(standing, asked.detail);
    case 'answered':
      return answered(session, asked.answer, standing, fixed);
  }
}

function refused(detail: string): RunnerEnd {
  return { kind: 'failed', reason: 'model_refused', detail, blame: 'agent' };
}

/** One more answer without sense. */
function another(standing: Standing, detail: string): Stepped {
  const nonsense = standing.nonsense + 1;
  if (nonsense < MOST_NONSENSE) return { kind: 'on', standing: { ...standing, nonsense } };
  return ended({ kind: 'failed', reason: 'model_nonsense', detail, blame: 'agent' });
}

async function answered(session: Session, answer: ModelAnswer, before: Standing, fixed: Fixed): Promise<Stepped> {
  const { job } = session;
  const rough = roughRequest(before.conversation, fixed.tokens);
  const used = addUsage(before.used, report(session, answer, rough));
  const ratio = ratioOf(answer.inputTokens, rough) ?? before.conversation.ratio;
  const standing: Standing = { ...before, used, wasTooLong: false, conversation: { ...before.conversation, ratio } };
  say(session, answer, used.steps);
  if (answer.finish === 'content-filter') return ended(refused('the model or its filter refused to answer'));
  if (answer.calls.length === 0) return withoutCall(session, answer, standing);

  const { conversation } = standing;
  const carried = await carryOut(session.bench, answer.calls, conversation);
  const turn: Entry = { kind: 'turn', messages: [...answer.messages, carried.message] };
  const { plan, reminded } = carried;
  const next = { ...withEntry(conversation, turn), plan, reminded };
  if (plan !== conversation.plan) job.report({ plan });
  if (job.signal.aborted) {
    await saveAtLast(session, next);
    return ended({ kind: 'interrupted' });
  }
  await job.save(printConversation(next));
  if (carried.end !== null) return ended(carried.end);
  if (!carried.sensible) return another({ ...standing, conversation: next }, 'calls that can not be carried out');
  return { kind: 'on', standing: { ...standing, conversation: next, nonsense: 0 } };
}

async function withoutCall(session: Session, answer: ModelAnswer, standing: Standing): Promise<Stepped> {
  const { job } = session;
  // Endpoints refuse a history with an empty answer in it.
  const said: readonly Entry[] = answer.text.trim() === '' ? [] : [{ kind: 'turn', messages: answer.messages }];
  const reminder = userEntry('reminder', callNoTool(job.instruction.kind, answer.finish === 'length'));
  const { entries } = standing.conversation;
  const conversation = { ...standing.conversation, entries: [...entries, ...said, reminder] };
  await job.save(printConversation(conversation));
  return another({ ...standing, conversation }, 'answers without a call of a tool');
}

/** The row may not be ours any more once we are told to end; then the work of the last step is found in the files alone. */
async function saveAtLast({ job, logger }: Session, conversation: Conversation): Promise<void> {
  try {
    await job.save(printConversation(conversation));
  } catch (err) {
    logger.debug({ err, task: job.task.id }, 'the conversation could not be saved after the interruption');
  }
}

function say({ job, bench }: Session, { text }: ModelAnswer, number: number): void {
  const said = bench.place.redact(text).trim();
  if (said === '') return;
  job.log(`[step ${number}] ${said}\n`);
  const line = said.split('\n')[0] ?? '';
  job.report({ note: line.length <= LONGEST_NOTE ? line : `${line.slice(0, LONGEST_NOTE)}…` });
}
