import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FROM_GITHUB } from '../../../test/release-rig.ts';
import type { RefUpdate } from '../admission.ts';
import { type LastRelease, knownAlready } from './known.ts';

const NOW = 1_750_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function update(given: Partial<RefUpdate>): RefUpdate {
  return {
    kind: 'push',
    ref: 'main',
    sha: 'B',
    before: 'A',
    repository: { id: null, fullName: 'octo/mono', addresses: [] },
    actor: 'mona',
    commit: null,
    deliveryId: 'd1',
    ...FROM_GITHUB,
    ...given,
  };
}

function last(given: Partial<LastRelease>): LastRelease {
  return { pointsAt: ['A'], isUntold: false, isPolled: false, hook: null, at: NOW - MINUTE, ...given };
}

const found = (given: Partial<RefUpdate>) => update({ via: 'poll', ...given });
const polled = (given: Partial<LastRelease>) => last({ isPolled: true, ...given });
const untold = last({ pointsAt: [], isUntold: true });

test.each([
  ['a push of a ref that was never released', update({}), undefined, null],
  ['a push that polling found, of a ref that was never released', found({}), undefined, null],
  ['a found push whose webhook came', found({}), last({ pointsAt: ['B'] }), 'already_handled'],
  [
    'a found push whose webhook came long ago',
    found({}),
    last({ pointsAt: ['B'], at: NOW - 99 * HOUR }),
    'already_handled',
  ],
  ['a found push after the webhook of another', found({}), last({ pointsAt: ['X'] }), null],
  ['a found push after the poll of another', found({}), polled({ pointsAt: ['X'] }), null],
  ['a webhook after a webhook', update({}), last({ pointsAt: ['X'] }), null],
  [
    'a push that the hook of the group tells as well',
    update({ hook: 'group' }),
    last({ pointsAt: ['B'], hook: 'project' }),
    'already_handled',
  ],
  ['a push that the same hook tells of again', update({ hook: 'one' }), last({ pointsAt: ['B'], hook: 'one' }), null],
  ['a push of the same commit by nobody knows which hook', update({}), last({ pointsAt: ['B'], hook: 'one' }), null],
  [
    'a push to a commit that another hook told of long ago',
    update({ hook: 'group' }),
    last({ pointsAt: ['B'], hook: 'project', at: NOW - HOUR }),
    null,
  ],
  ['a webhook of what polling found', update({}), polled({ pointsAt: ['B'] }), 'already_handled'],
  [
    'a webhook of what polling found days ago',
    update({}),
    polled({ pointsAt: ['B'], at: NOW - 99 * HOUR }),
    'already_handled',
  ],
  ['a webhook that goes on from what polling found', update({}), polled({ pointsAt: ['A'] }), null],
  [
    'a webhook back to where the branch was before the poll',
    update({ before: 'B', sha: 'A' }),
    polled({ pointsAt: ['B'] }),
    null,
  ],
  ['a webhook of a push that polling saw more than', update({}), polled({ pointsAt: ['C'] }), 'push_overtaken'],
  ['the same, hours later', update({}), polled({ pointsAt: ['C'], at: NOW - 7 * HOUR }), null],
  ['a new branch after polling saw an old one of its name', update({ before: null }), polled({}), 'push_overtaken'],
  ['a replay of what polling found', update({ isReplay: true }), polled({ pointsAt: ['B'] }), null],
  ['a replay of what was found', found({ isReplay: true }), last({ pointsAt: ['B'] }), null],
  [
    'what only calls itself a replay',
    update({ deliveryId: 'replay:dlv_1' }),
    polled({ pointsAt: ['B'] }),
    'already_handled',
  ],
  [
    'an annotated tag by its own name',
    found({ kind: 'tag', sha: 'T' }),
    last({ pointsAt: ['C', 'T'] }),
    'already_handled',
  ],
  [
    'a new tag whose creation was told without a commit',
    found({ kind: 'tag', before: null }),
    untold,
    'already_handled',
  ],
  ['a tag that moved after its creation was told', found({ kind: 'tag' }), { ...untold, at: NOW - HOUR }, null],
  [
    'a creation without a commit after the poll',
    update({ kind: 'tag', sha: null, before: null }),
    polled({}),
    'already_handled',
  ],
] as const)('%s', (_name, told, known, reason) => {
  expect(knownAlready(told, known, NOW)).toBe(reason);
});

describe('whatever is pushed, and by whichever way it is told', () => {
  /** Pushes move a branch; each is told by a webhook that may be lost, and polls look in between. Webhooks are on time. */
  const steps = fc.array(
    fc.oneof(fc.record({ to: fc.constantFrom('A', 'B', 'C'), isLost: fc.boolean() }), fc.constant('poll' as const)),
    { maxLength: 30 },
  );

  test('the newest run is of the commit that the branch points at once polling has seen it move', () => {
    fc.assert(
      fc.property(steps, (acts) => {
        let branch = 'A';
        let remembered = 'A';
        const runs: LastRelease[] = [last({ pointsAt: ['A'] })];
        const tell = (told: RefUpdate) => {
          if (knownAlready(told, runs.at(-1), NOW) !== null) return;
          runs.push(last({ pointsAt: [told.sha ?? ''], isPolled: told.via === 'poll' }));
        };
        const poll = () => {
          if (branch !== remembered) tell(found({ before: remembered, sha: branch }));
          remembered = branch;
        };
        // A branch that was pushed on and back between two looks, the latter push lost, looks as it did before.
        let isSeen = true;
        for (const act of acts) {
          if (act === 'poll') {
            if (branch !== remembered) isSeen = true;
            poll();
          } else if (act.to !== branch) {
            const before = branch;
            branch = act.to;
            if (act.isLost) isSeen = false;
            else tell(update({ before, sha: branch }));
          }
        }
        const released = runs.map(({ pointsAt }) => pointsAt[0]);
        if (isSeen) expect(released.at(-1)).toBe(branch);
      }),
    );
  });

  test('webhooks that come after the poll make no run, in whatever order they come', () => {
    const chain = fc.uniqueArray(fc.stringMatching(/^[a-f]{6}$/), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(chain, fc.infiniteStream(fc.nat()), (shas, order) => {
        const end = shas.at(-1) ?? '';
        const late = shas.slice(1).map((sha, index) => update({ before: shas[index] ?? null, sha }));
        const shuffled = late.map((each) => ({ each, key: order.next().value ?? 0 })).toSorted((a, b) => a.key - b.key);
        for (const { each } of shuffled) expect(knownAlready(each, polled({ pointsAt: [end] }), NOW)).not.toBeNull();
      }),
    );
  });
});
