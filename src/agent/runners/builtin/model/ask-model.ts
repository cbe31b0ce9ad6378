import { type FinishReason, type ModelMessage, type ToolSet, generateText } from 'ai';
import { type Clock, type Logger, sleep } from '../../../../kernel/index.ts';
import type { RunnerEnd } from '../../../port.ts';
import type { Connected } from './connect-model.ts';
import { modelTrouble } from './model-trouble.ts';

export interface ModelCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
  /** Why it can't be carried out: no such tool, or arguments that are no JSON. */
  readonly fault: string | null;
}

export interface ModelAnswer {
  readonly text: string;
  readonly calls: readonly ModelCall[];
  /** For the conversation; empty when it said nothing. */
  readonly messages: readonly ModelMessage[];
  readonly finish: FinishReason;
  /** Undefined where the endpoint does not count. */
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

export type Asked =
  | { readonly kind: 'answered'; readonly answer: ModelAnswer }
  | { readonly kind: 'too_long'; readonly detail: string }
  | { readonly kind: 'nonsense'; readonly detail: string }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly end: Extract<RunnerEnd, { kind: 'failed' }> };

export interface ModelPace {
  /** Milliseconds that one call may take. */
  readonly call: number;
  /** Milliseconds before each repetition of a call that failed for a reason that may pass. */
  readonly repeat: readonly number[];
}

export interface Question {
  readonly instructions: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: ToolSet;
  readonly signal: AbortSignal;
}

export interface ModelMeans {
  readonly connected: Connected;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pace: ModelPace;
}

/** One answer of the model. What may pass is asked for again, until `signal` or the last repetition. */
export async function askModel(means: ModelMeans, question: Question): Promise<Asked> {
  const { signal } = question;
  for (let turn = 0; ; turn += 1) {
    if (signal.aborted) return { kind: 'interrupted' };
    try {
      return { kind: 'answered', answer: await generate(means, question) };
    } catch (thrown) {
      if (signal.aborted) return { kind: 'interrupted' };
      const trouble = modelTrouble(thrown, means.clock.now());
      if (trouble.kind === 'final') return { kind: 'failed', end: trouble.end };
      if (trouble.kind !== 'passing') return trouble;
      const wait = means.pace.repeat[turn];
      if (wait === undefined) return { kind: 'failed', end: trouble.end };
      means.logger.warn({ detail: trouble.end.detail, turn }, 'the model did not answer, it is asked again');
      await sleep(wait, signal);
    }
  }
}

async function generate({ connected, pace }: ModelMeans, question: Question): Promise<ModelAnswer> {
  const limit = AbortSignal.timeout(pace.call);
  const { model, maxOutputTokens } = connected;
  const result = await generateText({
    model,
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    instructions: question.instructions,
    messages: [...question.messages],
    tools: question.tools,
    maxRetries: 0,
    abortSignal: AbortSignal.any([question.signal, limit]),
    telemetry: { isEnabled: false },
  });
  return {
    text: result.text,
    calls: result.toolCalls.map(({ toolCallId, toolName, input: given, ...more }) => {
      const input: unknown = given;
      const fault = more.invalid === true ? faultOf(more.error, result.finishReason) : null;
      return { toolCallId, toolName, input, fault };
    }),
    messages: result.responseMessages.flatMap((message) => (message.role === 'assistant' ? [tidy(message)] : [])),
    finish: result.finishReason,
    inputTokens: result.usage.inputTokens,
    outputTokens: result.usage.outputTokens,
  };
}

function faultOf(error: unknown, finish: string): string {
  const text = error instanceof Error ? error.message : String(error);
  const cut = finish === 'length' ? ' Your answer was cut at its limit of output: write less in one call.' : '';
  return `${text.slice(0, 1000)}${cut}`;
}

type AssistantMessage = Extract<ModelMessage, { role: 'assistant' }>;

/** Endpoints refuse a history in which arguments are no object, whatever the model once wrote. */
function tidy(message: AssistantMessage): AssistantMessage {
  if (typeof message.content === 'string') return message;
  const content = message.content.map((part) =>
    part.type === 'tool-call' && !isPlainObject(part.input) ? { ...part, input: {} } : part,
  );
  return { ...message, content };
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
