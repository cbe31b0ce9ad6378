import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type FakeModelServer, startModelServer } from '../../../../../test/fakes/model-server.ts';
import { createBuiltinRunner } from '../index.ts';
import { type JobRig, createJobRig, instruct, meansFor, modelAt } from '../testing.ts';
import { compact, isFull } from './compact.ts';
import {
  type Conversation,
  type Entry,
  NEW_CONVERSATION,
  messagesOf,
  parseConversation,
  printConversation,
  userEntry,
} from './conversation.ts';
import { estimateRequest } from './estimate.ts';

function turn(id: string, result: string, input: Record<string, unknown> = {}): Entry {
  const call = { toolCallId: id, toolName: 'run' } as const;
  return {
    kind: 'turn',
    messages: [
      { role: 'assistant', content: [{ type: 'tool-call', ...call, input }] },
      { role: 'tool', content: [{ type: 'tool-result', ...call, output: { type: 'text', value: result } }] },
    ],
  };
}

function ids(conversation: Conversation, type: 'tool-call' | 'tool-result'): readonly string[] {
  return messagesOf(conversation).flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.flatMap((part) => (part.type === type ? [part.toolCallId] : [])),
  );
}

const noSummary = () => Promise.resolve(null);

describe('compaction', () => {
  test('shortens old results first, and asks for no summary where that is enough', async () => {
    const turns = Array.from({ length: 10 }, (_, at) => turn(`c${at}`, 'x'.repeat(1600)));
    const conversation = { ...NEW_CONVERSATION, entries: [userEntry('instruction', 'Do it.'), ...turns] };
    const means = { window: 6000, fixed: 100, summarise: () => Promise.reject(new Error('not needed')) };
    const compacted = await compact(conversation, means);
    expect(compacted.entries).toHaveLength(11);
    expect(JSON.stringify(compacted.entries[1])).toContain('characters left out');
    expect(compacted.entries.slice(-4)).toEqual(conversation.entries.slice(-4));
  });

  test('keeps the task, what is asked now, the plan and the last turns beside the summary', async () => {
    const turns = Array.from({ length: 60 }, (_, at) => turn(`c${at}`, `result ${at} ${'y'.repeat(300)}`));
    const conversation: Conversation = {
      ...NEW_CONVERSATION,
      plan: [{ text: 'Greet', done: true }],
      entries: [
        userEntry('instruction', 'The task.'),
        ...turns.slice(0, 20),
        userEntry('instruction', 'Checks failed.'),
        ...turns.slice(20),
      ],
    };
    let seen = '';
    const compacted = await compact(conversation, {
      ...{ window: 4000, fixed: 100 },
      summarise: (transcript) => {
        seen = transcript;
        return Promise.resolve('Found the bug in a.ts.');
      },
    });
    expect(compacted.entries.slice(0, 3).map(({ kind }) => kind)).toEqual(['instruction', 'instruction', 'summary']);
    expect(JSON.stringify(compacted.entries[2])).toMatch(/Found the bug in a\.ts.*- \[x\] Greet/);
    expect(JSON.stringify(compacted.entries.at(-1))).toContain('result 59');
    expect(seen).toContain('result 0');
    expect(estimateRequest(compacted, 100)).toBeLessThan(3000);
  });

  test('without a summary the comments of people and the edited files are still told', async () => {
    const edit: Entry = {
      kind: 'turn',
      messages: [
        {
          role: 'assistant',
          content: [{ type: 'tool-call', toolCallId: 'e', toolName: 'edit_file', input: { path: 'src/a.ts' } }],
        },
      ],
    };
    const turns = Array.from({ length: 60 }, (_, at) => turn(`c${at}`, 'z'.repeat(300)));
    const entries = [userEntry('instruction', 'The task.'), edit, userEntry('comments', 'In Japanese.'), ...turns];
    const compacted = await compact(
      { ...NEW_CONVERSATION, entries },
      { window: 4000, fixed: 100, summarise: noSummary },
    );
    expect(JSON.stringify(compacted.entries)).toMatch(/src\/a\.ts.*In Japanese\./);
  });

  test('whatever the entries hold, the result fits, and every call keeps its result', async () => {
    const text = fc.oneof(
      fc.string({ maxLength: 50 }),
      fc.integer({ min: 0, max: 30_000 }).map((n) => 'あ'.repeat(n)),
      fc.integer({ min: 0, max: 60_000 }).map((n) => 'b'.repeat(n)),
    );
    const entry = fc.oneof(
      fc.record({ kind: fc.constant('turn' as const), text, input: text }),
      fc.record({ kind: fc.constantFrom('comments' as const, 'instruction' as const, 'reminder' as const), text }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 40 }), fc.option(text), async (drawn, summary) => {
        const entries = drawn.map((one, at) =>
          one.kind === 'turn' ? turn(`c${at}`, one.text, { content: one.input }) : userEntry(one.kind, one.text),
        );
        const conversation = { ...NEW_CONVERSATION, entries: [userEntry('instruction', 'Do it.'), ...entries] };
        const means = { window: 4000, fixed: 500, summarise: () => Promise.resolve(summary) };
        const compacted = isFull(conversation, means) ? await compact(conversation, means) : conversation;
        expect(estimateRequest(compacted, 500)).toBeLessThanOrEqual(4000);
        expect(ids(compacted, 'tool-call')).toEqual(ids(compacted, 'tool-result'));
        expect(compacted.entries[0]).toEqual(conversation.entries[0]);
      }),
      { numRuns: 100 },
    );
  });
});

test('a conversation is read as it was printed, and nothing else is', () => {
  const conversation = { ...NEW_CONVERSATION, entries: [userEntry('instruction', 'x'), turn('a', 'b', { path: 'c' })] };
  expect(parseConversation(printConversation(conversation))).toEqual(conversation);
  for (const broken of [
    '',
    '{',
    '[]',
    '{"version":1}',
    printConversation(conversation).replace('"version":1', '"version":2'),
  ]) {
    expect(parseConversation(broken)).toBeNull();
  }
});

describe('over many steps', () => {
  let rig: JobRig;
  let server: FakeModelServer;
  afterEach(async () => {
    await Promise.all([rig.remove(), server.close()]);
  });

  const finish = { calls: [{ name: 'finish', arguments: { summary: 'Done.' } }] };
  const isSummary = (body: { readonly tools?: unknown }) => body.tools === undefined;

  test.each([
    ['with summaries of the model', { text: 'Looked at the big file.' }],
    ['where the call for a summary fails', { status: 500 }],
  ] as const)('200 steps fit into a window of some thousand tokens, %s', async (_, summary) => {
    rig = await createJobRig({ 'big.txt': 'a line of a large file\n'.repeat(2000) });
    let steps = 0;
    const script = ({ body }: { readonly body: { readonly tools?: unknown } }) => {
      if (isSummary(body)) return summary;
      steps += 1;
      if (steps === 1)
        return { calls: [{ name: 'update_plan', arguments: { items: [{ text: 'Read it all', done: false }] } }] };
      return steps < 200 ? { calls: [{ name: 'read_file', arguments: { path: 'big.txt', offset: steps } }] } : finish;
    };
    server = await startModelServer(script, { window: 5000 });
    const model = modelAt(server, { window: 5000 });
    const job = rig.job({ instruction: instruct('work', 'THE TASK') });
    expect(await createBuiltinRunner(meansFor(model)).run(job)).toMatchObject({ kind: 'succeeded' });
    expect(server.faults).toEqual([]);
    expect(steps).toBe(200);
    const working = server.requests.filter(({ body }) => !isSummary(body));
    expect(working.every(({ text }) => text.includes('THE TASK') && text.length / 4 <= 5000)).toBe(true);
    expect(working.at(-1)!.text).toContain('[ ] Read it all');
    expect(server.requests.length).toBeGreaterThan(200);
  });

  test('a window that is smaller than configured is found out once, and then told', async () => {
    rig = await createJobRig({ 'big.txt': 'a line of a large file\n'.repeat(2000) });
    let steps = 0;
    const script = ({ body }: { readonly body: { readonly tools?: unknown } }) => {
      if (isSummary(body)) return { text: 'Looked.' };
      steps += 1;
      return steps < 12 ? { calls: [{ name: 'read_file', arguments: { path: 'big.txt' } }] } : finish;
    };
    server = await startModelServer(script, { window: 9000 });
    const model = modelAt(server, { window: 16_000 });
    expect(await createBuiltinRunner(meansFor(model)).run(rig.job())).toMatchObject({ kind: 'succeeded' });
    expect(server.requests.some(({ text }) => text.length / 4 > 9000)).toBe(true);
  });

  test('a conversation that can not be made short enough is refused after one try', async () => {
    rig = await createJobRig();
    server = await startModelServer([finish], { window: 100 });
    const end = await createBuiltinRunner(meansFor(modelAt(server))).run(rig.job());
    expect(end).toMatchObject({ kind: 'failed', reason: 'model_refused', blame: 'agent' });
    expect(server.requests).toHaveLength(2);
  });
});
