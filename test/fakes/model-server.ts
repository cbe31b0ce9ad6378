import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';

/** One call of a tool; `arguments` as a text is sent as it is, also when it is no JSON. */
export interface FakeCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>> | string;
}

/** How one request is answered. */
export type FakeModelAnswer =
  | {
      readonly text?: string;
      readonly calls?: readonly FakeCall[];
      /** As OpenAI says it: `stop`, `length`, `tool_calls`, `content_filter`. */
      readonly finish?: string;
      /** Null: none is told. By default input and output are counted by four characters each. */
      readonly usage?: { readonly input: number; readonly output: number } | null;
    }
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly message?: string;
      readonly code?: string;
    }
  /** A body with status 200 that is what it is. */
  | { readonly raw: string }
  /** No answer ever, or the connection closed without one. */
  | { readonly how: 'hang' | 'drop' };

export interface FakeModelRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they need
  readonly body: any;
  /** The body as it came. */
  readonly text: string;
  /** The client ended it before it was answered. */
  aborted: boolean;
}

export type FakeModelScript =
  | readonly FakeModelAnswer[]
  | ((request: FakeModelRequest, number: number) => FakeModelAnswer | Promise<FakeModelAnswer>);

/**
 * A model endpoint of our own behind real HTTP, which answers by a script: `/v1/chat/completions` as OpenAI and those that are compatible do,
 * `/v1/messages` as Anthropic does, whole or as a stream. Requests without the key are refused with 401, and those for
 * another model with 404, as theirs are. When the script has no answer left, that is a 500 and a fault.
 *
 *     const server = await startModelServer([{ calls: [{ name: 'read_file', arguments: { path: 'a' } }] }, { text: 'Done.' }]);
 */
export interface FakeModelServer {
  /** With `/v1`. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly requests: readonly FakeModelRequest[];
  /** What was wrong with requests. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

export interface FakeModelSettings {
  readonly model?: string;
  /** Tokens, by four characters each; a longer request is refused as too long. */
  readonly window?: number;
}

export async function startModelServer(
  script: FakeModelScript,
  { model = 'test-model', window = Number.POSITIVE_INFINITY }: FakeModelSettings = {},
): Promise<FakeModelServer> {
  const key = `sk-${randomBytes(16).toString('hex')}`;
  const requests: FakeModelRequest[] = [];
  const faults: string[] = [];

  async function answerOf(request: FakeModelRequest): Promise<FakeModelAnswer> {
    const number = requests.push(request) - 1;
    if (keyOf(request) !== key) return { status: 401, message: 'Incorrect API key provided' };
    if (request.body?.model !== model)
      return { status: 404, message: `The model ${request.body?.model} does not exist` };
    faults.push(...unpaired(request));
    if (request.text.length / 4 > window) {
      return { status: 400, code: 'context_length_exceeded', message: `maximum context length is ${window} tokens` };
    }
    const answer = typeof script === 'function' ? await script(request, number) : script[number];
    if (answer !== undefined) return answer;
    faults.push(`request ${number} is one more than the script has answers`);
    return { status: 500, message: 'the script has ended' };
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? null : JSON.parse(text);
    const request: FakeModelRequest = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      body,
      text,
      aborted: false,
    };
    response.once('close', () => {
      request.aborted = !response.writableFinished;
    });
    const answer = await answerOf(request);
    send({ request, response, answer });
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((thrown: unknown) => {
      faults.push(String(thrown));
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    key,
    model,
    requests,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isAnthropic({ path }: FakeModelRequest): boolean {
  return path === '/v1/messages';
}

function keyOf(request: FakeModelRequest): string | undefined {
  const { headers } = request;
  if (isAnthropic(request)) return headers['x-api-key']?.toString();
  return headers.authorization?.replace(/^Bearer /, '');
}

/** Real endpoints refuse a history in which a call has no result, or a result no call. */
function unpaired(request: FakeModelRequest): readonly string[] {
  const calls: string[] = [];
  const results: string[] = [];
  for (const { content, tool_calls: made, tool_call_id: answered } of request.body.messages) {
    for (const call of made ?? []) calls.push(call.id);
    if (answered !== undefined) results.push(answered);
    for (const part of Array.isArray(content) ? content : []) {
      if (part.type === 'tool_use') calls.push(part.id);
      if (part.type === 'tool_result') results.push(part.tool_use_id);
    }
  }
  return calls.join() === results.join() ? [] : [`calls ${calls.join()} and results ${results.join()} do not match`];
}

interface Exchange {
  readonly request: FakeModelRequest;
  readonly response: ServerResponse;
  readonly answer: FakeModelAnswer;
}

function send({ request, response, answer }: Exchange): void {
  if ('how' in answer) {
    if (answer.how === 'drop') response.destroy();
    return;
  }
  if ('raw' in answer) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer.raw);
    return;
  }
  if ('status' in answer) {
    const { status, headers = {}, message = 'injected', code = null } = answer;
    const body = { type: 'error', error: { message, type: 'error', code } };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    return;
  }
  const whole = isAnthropic(request) ? anthropicAnswer(request, answer) : openAiAnswer(request, answer);
  if (request.body.stream !== true) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events = isAnthropic(request) ? anthropicEvents(whole) : openAiEvents(whole);
  for (const event of events) response.write(event);
  response.end();
}

type Said = Extract<FakeModelAnswer, { readonly calls?: unknown }>;

let lastId = 0;
function nextId(prefix: string): string {
  lastId += 1;
  return `${prefix}_${lastId}`;
}

function tokensOf({ text }: FakeModelRequest, { usage, text: said = '', calls = [] }: Said) {
  if (usage === null) return null;
  return usage ?? { input: Math.ceil(text.length / 4), output: Math.ceil((said + JSON.stringify(calls)).length / 4) };
}

function openAiAnswer(request: FakeModelRequest, said: Said) {
  const { text = null, calls = [] } = said;
  const tokens = tokensOf(request, said);
  const made = calls.map(({ name, arguments: given }) => ({
    id: nextId('call'),
    type: 'function',
    function: { name, arguments: typeof given === 'string' ? given : JSON.stringify(given) },
  }));
  const finish = said.finish ?? (made.length > 0 ? 'tool_calls' : 'stop');
  const message = { role: 'assistant', content: text, ...(made.length > 0 ? { tool_calls: made } : {}) };
  return {
    id: nextId('chatcmpl'),
    object: 'chat.completion',
    created: 0,
    model: request.body.model,
    choices: [{ index: 0, message, finish_reason: finish }],
    ...(tokens === null ? {} : { usage: openAiUsage(tokens) }),
  };
}

function openAiUsage({ input, output }: { readonly input: number; readonly output: number }) {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

const STOP_REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};

function anthropicAnswer(request: FakeModelRequest, said: Said) {
  const { text, calls = [] } = said;
  const { input, output } = tokensOf(request, said) ?? { input: 0, output: 0 };
  const uses = calls.map(({ name, arguments: given }) => ({
    type: 'tool_use',
    id: nextId('toolu'),
    name,
    input: given,
  }));
  const finish = said.finish ?? (uses.length > 0 ? 'tool_calls' : 'stop');
  return {
    id: nextId('msg'),
    type: 'message',
    role: 'assistant',
    model: request.body.model,
    content: [...(text === undefined ? [] : [{ type: 'text', text }]), ...uses],
    stop_reason: STOP_REASONS[finish] ?? finish,
    stop_sequence: null,
    usage: { input_tokens: input, output_tokens: output },
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- what the functions above make
function openAiEvents({ choices, usage, ...head }: any): readonly string[] {
  const [{ message, finish_reason: finish }] = choices;
  const calls = message.tool_calls?.map((call: object, index: number) => ({ index, ...call }));
  const delta = { ...message, ...(calls === undefined ? {} : { tool_calls: calls }) };
  const chunk = { ...head, object: 'chat.completion.chunk' };
  const events = [
    { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] },
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: finish }] },
    ...(usage === undefined ? [] : [{ ...chunk, choices: [], usage }]),
  ];
  return [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), 'data: [DONE]\n\n'];
}

// oxlint-disable-next-line typescript/no-explicit-any -- what the functions above make
function anthropicEvents({ content, stop_reason, usage, ...head }: any): readonly string[] {
  // oxlint-disable-next-line typescript/no-explicit-any
  const blocks = content.flatMap((part: any, index: number) => {
    const empty = part.type === 'text' ? { ...part, text: '' } : { ...part, input: {} };
    const delta =
      part.type === 'text'
        ? { type: 'text_delta', text: part.text }
        : { type: 'input_json_delta', partial_json: JSON.stringify(part.input) };
    return [
      { type: 'content_block_start', index, content_block: empty },
      { type: 'content_block_delta', index, delta },
      { type: 'content_block_stop', index },
    ];
  });
  const events = [
    {
      type: 'message_start',
      message: { ...head, content: [], stop_reason: null, usage: { ...usage, output_tokens: 0 } },
    },
    ...blocks,
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: 'message_stop' },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}
