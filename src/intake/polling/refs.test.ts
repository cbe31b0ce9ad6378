import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Repository } from '../../forges/index.ts';
import type { PolledApplication } from './port.ts';
import { compareRefs, eventOf, lookForMoves } from './refs.ts';

const NOW = 1_750_000_000_000;

const app: PolledApplication = {
  source: 'github',
  repository: { id: '7', fullName: 'octo/greeter' },
  address: null,
  refs: { branches: ['main', 'release/*'], tags: ['v*'] },
};

const refs = fc.dictionary(
  fc.constantFrom('refs/heads/main', 'refs/heads/release/1', 'refs/heads/next', 'refs/tags/v1', 'refs/tags/other'),
  fc.constantFrom('A', 'B', 'C'),
);

test('what is remembered after any two looks is what was there at the second', () => {
  fc.assert(
    fc.property(refs, refs, (first, second) => {
      const remembered = new Map<string, string>(Object.entries(first));
      const { moves, gone } = compareRefs(
        remembered,
        Object.entries(second).map(([ref, sha]) => ({ ref, sha })),
      );
      for (const { ref, before, after } of moves) {
        expect(before).toBe(remembered.get(ref) ?? null);
        expect(after).not.toBe(before);
        remembered.set(ref, after);
      }
      for (const ref of gone) remembered.delete(ref);
      expect(Object.fromEntries(remembered)).toEqual(second);
    }),
  );
});

test.each([
  'HEAD',
  'refs/pull/1/head',
  'refs/notes/commits',
  'refs/tags/v1^{}',
  'refs/heads/-upload-pack=x',
  'refs/heads/a b',
  'refs/heads/',
])('%s is no branch or tag that could be released', (ref) => {
  expect(compareRefs(new Map(), [{ ref, sha: 'A' }]).moves).toEqual([]);
});

describe('moves of refs', () => {
  const list = (now: Readonly<Record<string, string>>, etag = 'new') => {
    const value = Object.entries(now).map(([ref, sha]) => ({ ref, sha }));
    return () => Promise.resolve({ kind: 'changed', value, etag } as const);
  };
  const nothing = () => Promise.resolve(new Map<string, string>());

  test('the first look finds none, and remembers all', async () => {
    const now = { 'refs/heads/main': 'A', 'refs/heads/next': 'B' };
    const look = await lookForMoves({
      list: list(now),
      readBefore: nothing,
      memory: undefined,
      applications: [app],
      now: NOW,
      by: 'api',
    });
    expect(look).toEqual({
      moves: [],
      memory: { by: 'api', etag: 'new', round: 1_750_000_001 },
      changes: { moved: new Map(Object.entries(now)), gone: [] },
    });
  });

  test('only what an application is released from is found; the rest is remembered', async () => {
    const now = {
      'refs/heads/main': 'B',
      'refs/heads/release/1': 'B',
      'refs/heads/next': 'B',
      'refs/tags/v1': 'B',
      'refs/tags/x': 'B',
    };
    const readBefore = () =>
      Promise.resolve(
        new Map([
          ['refs/heads/main', 'A'],
          ['refs/heads/old', 'A'],
        ]),
      );
    const memory = { by: 'api', etag: 'old', round: 4 } as const;
    const look = await lookForMoves({ list: list(now), readBefore, memory, applications: [app], now: NOW, by: 'api' });
    expect(look.moves).toEqual([
      { ref: 'refs/heads/main', before: 'A', after: 'B' },
      { ref: 'refs/heads/release/1', before: null, after: 'B' },
      { ref: 'refs/tags/v1', before: null, after: 'B' },
    ]);
    expect(look.memory).toEqual({ by: 'api', etag: 'new', round: 5 });
    expect(look.changes).toEqual({ moved: new Map(Object.entries(now)), gone: ['refs/heads/old'] });
  });

  test('an answer that is another only by its tag is no other round', async () => {
    const readBefore = () => Promise.resolve(new Map([['refs/heads/main', 'A']]));
    const memory = { by: 'api', etag: 'old', round: 4 } as const;
    const look = await lookForMoves({
      list: list({ 'refs/heads/main': 'A' }),
      readBefore,
      memory,
      applications: [app],
      now: NOW,
      by: 'api',
    });
    expect(look).toEqual({ moves: [], memory: { by: 'api', etag: 'new', round: 4 }, changes: null });
  });
});

describe('whom the refs are asked of', () => {
  test('changes without what the other did not show being new', async () => {
    const value = [{ ref: 'refs/tags/v1', sha: 'A' }];
    const list = (etag: string | null) => {
      expect(etag).toBeNull();
      return Promise.resolve({ kind: 'changed', value, etag: 'new' } as const);
    };
    const readBefore = () => Promise.resolve(new Map([['refs/heads/main', 'A']]));
    const memory = { by: 'git', etag: 'old', round: 4 } as const;
    const look = await lookForMoves({ list, readBefore, memory, applications: [app], now: NOW, by: 'api' });
    expect(look.moves).toEqual([]);
    expect(look.memory).toEqual({ by: 'api', etag: 'new', round: 1_750_000_001 });
  });
});

test('a move is told as a webhook would, without saying who pushed', () => {
  const repository: Repository = { host: 'github.com', id: '7', fullName: 'octo/greeter', cloneUrls: [] };
  expect(eventOf({ ref: 'refs/heads/release/1', before: 'A', after: 'B' }, repository)).toMatchObject({
    kind: 'push',
    branch: 'release/1',
    before: 'A',
    after: 'B',
    actor: 'automation',
    headCommit: null,
    deleted: false,
  });
  expect(eventOf({ ref: 'refs/tags/v1', before: null, after: 'B' }, repository)).toMatchObject({
    kind: 'tag',
    tag: 'v1',
  });
});
