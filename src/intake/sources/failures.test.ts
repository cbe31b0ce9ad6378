import { expect, test } from 'vitest';
import { createFailureNotes } from './failures.ts';

function failure(source: string, client: string) {
  return { source, reason: 'signature_mismatch', client, at: 1 };
}

test('a flood is written as its first and, later, all others together', async () => {
  const written: (readonly [string, number, string])[] = [];
  const notes = createFailureNotes({
    write: (name, { count, last }) => {
      written.push([name, count, last.client]);
      return Promise.resolve();
    },
    onError: (thrown) => {
      throw thrown;
    },
  });
  for (let index = 0; index < 1000; index += 1) notes.note(failure('github', `client ${index}`));
  notes.note(failure('acme', 'other'));
  await expect.poll(() => written).toHaveLength(1);
  await notes.close();
  expect(written).toEqual([
    ['github', 1, 'client 0'],
    ['github', 999, 'client 999'],
    ['acme', 1, 'other'],
  ]);
  notes.note(failure('github', 'late'));
  await notes.close();
  expect(written).toHaveLength(3);
});

test('what can not be written is told, and the next is written all the same', async () => {
  const errors: unknown[] = [];
  const written: string[] = [];
  const notes = createFailureNotes({
    write: (name) => {
      if (name === 'github') return Promise.reject(new Error('no database'));
      written.push(name);
      return Promise.resolve();
    },
    onError: (thrown) => void errors.push(thrown),
  });
  notes.note(failure('github', 'one'));
  notes.note(failure('acme', 'two'));
  await notes.close();
  expect([errors, written]).toEqual([[new Error('no database')], ['acme']]);
});
