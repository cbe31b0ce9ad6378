import { expect, test } from 'vitest';
import { costOf, createUsageReader } from './usage.ts';

const events = (...data: readonly unknown[]) =>
  data.map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`).join('');

test.each([
  [
    'an answer of OpenAI',
    'application/json',
    JSON.stringify({ usage: { prompt_tokens: 12, completion_tokens: 5 } }),
    [12, 5],
  ],
  [
    'an answer of Anthropic, with what it reads from and writes to its cache',
    'application/json; charset=utf-8',
    JSON.stringify({
      usage: { input_tokens: 1, cache_creation_input_tokens: 20, cache_read_input_tokens: 300, output_tokens: 4 },
    }),
    [321, 4],
  ],
  [
    'an answer of Google, with its thoughts',
    'application/json',
    JSON.stringify({ usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 2, thoughtsTokenCount: 9 } }),
    [7, 11],
  ],
  [
    'a stream of OpenAI, which tells at its end',
    'text/event-stream',
    events({ choices: [], usage: null }, { choices: [], usage: { prompt_tokens: 3, completion_tokens: 8 } }, '[DONE]'),
    [3, 8],
  ],
  [
    'a stream that tells again and again',
    'text/event-stream',
    events(...[1, 2, 3].map((count) => ({ usage: { prompt_tokens: 10, completion_tokens: count } }))),
    [10, 3],
  ],
  [
    'a stream of Anthropic, which tells at its beginning and at its end',
    'text/event-stream',
    events(
      { type: 'message_start', message: { usage: { input_tokens: 40, output_tokens: 1 } } },
      { type: 'message_delta', usage: { output_tokens: 25 } },
    ),
    [40, 25],
  ],
  [
    'a stream of responses',
    'text/event-stream',
    events({ type: 'response.completed', response: { usage: { input_tokens: 6, output_tokens: 2 } } }),
    [6, 2],
  ],
])('counts %s, in pieces of any size', (_, type, body, [inputTokens, outputTokens]) => {
  for (const size of [1, 7, 10_000]) {
    const reader = createUsageReader(type);
    for (let at = 0; at < body.length; at += size) reader?.push(body.slice(at, at + size));
    expect(reader?.end()).toEqual({ inputTokens, outputTokens });
  }
});

test.each([
  ['no word of usage', 'application/json', '{"choices":[]}'],
  ['an answer that was cut off', 'application/json', '{"usage":{"prompt_tokens":3'],
  ['nonsense', 'application/json', '[1,2'],
  ['usage that is no object', 'application/json', '{"usage":"much"}'],
  ['a stream without', 'text/event-stream', 'data: {"choices":[]}\n\ndata: [DONE]\n\n'],
])('knows nothing of %s', (_, type, body) => {
  const reader = createUsageReader(type);
  reader?.push(body);
  expect(reader?.end()).toBeNull();
});

test('counts that are no counts are none', () => {
  const reader = createUsageReader('application/json');
  reader?.push('{"usage":{"prompt_tokens":-5,"completion_tokens":"9"}}');
  expect(reader?.end()).toEqual({ inputTokens: 0, outputTokens: 0 });
});

test('other answers are not read', () => {
  expect(createUsageReader('text/html')).toBeNull();
});

test('an answer has a cost only where both prices are known', () => {
  const usage = { inputTokens: 1000, outputTokens: 100 };
  expect(costOf(usage, { input: 3, output: 15 })).toBe(0.0045);
  expect(costOf(usage, { input: 3, output: null })).toBeNull();
  expect(costOf(usage, { input: null, output: 15 })).toBeNull();
});
