import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checklistIn, createListener, parseProgress } from './speech.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function listen() {
  const said: object[] = [];
  return { said, listener: createListener((each) => said.push(each)) };
}

describe('what an agent says', () => {
  test('is told as its last line that is not empty, without colours, at most twice a second', () => {
    const { said, listener } = listen();
    for (let line = 0; line < 1000; line += 1) listener.hear(`\u001b[1mline ${line}\u001b[0m\n\n`, 'stderr');
    expect(said).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(said).toEqual([{ note: 'line 999' }]);
    listener.hear('half a li', 'stdout');
    listener.hear('ne\rover it\r\n', 'stdout');
    listener.end();
    expect(said).toEqual([{ note: 'line 999' }, { note: 'over it' }]);
  });

  test('is cut where it is long, also when a line never ends', () => {
    const { said, listener } = listen();
    for (let round = 0; round < 100; round += 1) listener.hear('x'.repeat(10_000), 'stdout');
    listener.end();
    expect(said).toEqual([{ note: 'x'.repeat(200) }]);
    expect(listener.lastWords().length).toBeLessThanOrEqual(4000);
  });

  test('in two streams at once is not mixed up', () => {
    const { listener } = listen();
    listener.hear('one ', 'stdout');
    listener.hear('aside\n', 'stderr');
    listener.hear('sentence\n', 'stdout');
    listener.end();
    expect(listener.lastWords()).toBe('one sentence');
  });

  test('as structured progress is no text, and what is not structured is no fault', () => {
    const { said, listener } = listen();
    listener.hear(
      'FUNADE_PROGRESS {"plan":[{"text":"a","done":true}]}\nFUNADE_PROGRESS {oh\nFUNADE_PROGRESS 5\n',
      'stdout',
    );
    listener.hear('FUNADE_PROGRESS {"note":"b"}\n', 'stderr');
    listener.end();
    expect(said).toEqual([{ plan: [{ text: 'a', done: true }], note: 'b' }]);
    expect(listener.lastWords()).toBe('');
    expect(listener.plan()).toEqual([{ text: 'a', done: true }]);
  });
});

test.each([
  [
    '{"plan":[{"text":"a"},{"done":true},"x",null,{"text":" "},{"text":"b","done":"yes"}]}',
    {
      plan: [
        { text: 'a', done: false },
        { text: 'b', done: false },
      ],
    },
  ],
  ['{"note":"  n  ","other":1}', { note: 'n' }],
  ['{"note":5,"plan":"x"}', {}],
  ['[]', {}],
  ['null', null],
  ['{', null],
])('progress %s is read as %j', (text, expected) => {
  expect(parseProgress(text)).toEqual(expected);
});

test('progress without end is bounded', () => {
  const plan = Array.from({ length: 500 }, () => ({ text: 'y'.repeat(1000), done: false }));
  const said = parseProgress(JSON.stringify({ plan }));
  expect(said?.plan).toHaveLength(50);
  expect(said?.plan?.[0]?.text).toHaveLength(300);
});

test('checklists of Markdown are items', () => {
  expect(checklistIn('# P\n- [ ] one\n  * [x] two\n3. [X] three\n- four\n[ ] five\n')).toEqual([
    { text: 'one', done: false },
    { text: 'two', done: true },
    { text: 'three', done: true },
  ]);
});
