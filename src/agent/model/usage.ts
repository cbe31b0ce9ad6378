import type { ModelConfig } from '../../config/index.ts';

/** Tokens of one answer. */
export interface AnswerUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** US dollars of an answer, at prices for a million tokens; null unless both are known, since half a sum would mislead. */
export function costOf(
  { inputTokens, outputTokens }: AnswerUsage,
  { input, output }: ModelConfig['price'],
): number | null {
  return input === null || output === null ? null : (inputTokens * input + outputTokens * output) / 1_000_000;
}

/** Reads what an answer says of its tokens, from pieces of its body. */
export interface UsageReader {
  push(text: string): void;
  /** Null when the answer does not say. */
  end(): AnswerUsage | null;
}

const LARGEST_BODY = 8 * 1024 * 1024;
const LONGEST_LINE = 1024 * 1024;

/** For answers of JSON and of server-sent events; null for others. */
export function createUsageReader(contentType: string): UsageReader | null {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/event-stream') return readEvents();
  return type === 'application/json' || type.endsWith('+json') ? readBody() : null;
}

function readBody(): UsageReader {
  let body = '';
  return {
    push: (text) => {
      if (body.length <= LARGEST_BODY) body += text;
    },
    end: () => {
      const tally = createTally();
      if (body.length <= LARGEST_BODY) tally.add(body);
      return tally.sum();
    },
  };
}

/** Counts of a stream grow from event to event, whether it tells them once or many times: the largest are the last. */
function readEvents(): UsageReader {
  const tally = createTally();
  let line = '';
  const take = (text: string) => {
    if (text.startsWith('data:') && /usage/i.test(text)) tally.add(text.slice('data:'.length));
  };
  return {
    push: (text) => {
      const lines = (line + text).split(/\r\n|\n|\r/);
      line = lines.pop() ?? '';
      if (line.length > LONGEST_LINE) line = '';
      for (const each of lines) take(each);
    },
    end: () => {
      take(line);
      return tally.sum();
    },
  };
}

function createTally() {
  let found = false;
  let input = 0;
  let output = 0;
  return {
    add: (json: string): void => {
      const said = usageIn(json);
      if (said === null) return;
      found = true;
      input = Math.max(input, said.inputTokens);
      output = Math.max(output, said.outputTokens);
    },
    sum: (): AnswerUsage | null => (found ? { inputTokens: input, outputTokens: output } : null),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** OpenAI (chat and responses), Anthropic (answers, and the events that begin and end a stream), and Google name it differently. */
function usageIn(json: string): AnswerUsage | null {
  const answer = parse(json);
  if (answer === null) return null;
  const places = [answer, fields(answer['message']), fields(answer['response'])];
  for (const place of places) {
    const usage = fields(place?.['usage']) ?? fields(place?.['usageMetadata']);
    if (usage === null) continue;
    return {
      inputTokens: sumOf(usage, [
        ['input_tokens', 'prompt_tokens', 'promptTokenCount'],
        // Anthropic does not count these among the input, but they are paid for. OpenAI's cached ones stand elsewhere.
        ['cache_creation_input_tokens'],
        ['cache_read_input_tokens'],
      ]),
      outputTokens: sumOf(usage, [
        ['output_tokens', 'completion_tokens', 'candidatesTokenCount'],
        ['thoughtsTokenCount'],
      ]),
    };
  }
  return null;
}

/** Of each group the first name that is there. */
function sumOf(usage: Fields, groups: readonly (readonly string[])[]): number {
  return groups.reduce((sum, names) => {
    const count = names.map((name) => usage[name]).find((value) => typeof value === 'number');
    return sum + (typeof count === 'number' && Number.isFinite(count) && count > 0 ? Math.round(count) : 0);
  }, 0);
}

function parse(json: string): Fields | null {
  try {
    return fields(JSON.parse(json));
  } catch {
    return null; // `[DONE]`, or an answer that was cut off
  }
}

function fields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}
