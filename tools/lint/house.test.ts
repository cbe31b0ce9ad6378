import { expect, test } from 'vitest';
import { EXTRA_DOORS, ROOMS, placeOf } from './house.ts';

test('a room names only rooms that stand before it in the table, so no circle can be written down', () => {
  const before = new Set<string>();
  for (const [room, allowed] of ROOMS) {
    if (room === 'targets' || room === 'intake' || room === 'agent') expect(before).toContain('forges');
    for (const other of allowed) expect(before, `${room} → ${other}`).toContain(other);
    before.add(room);
  }
});

test('an extra door leads to a room that stands before the one that uses it', () => {
  const order = [...ROOMS.keys()];
  for (const door of EXTRA_DOORS) {
    const from = placeOf(`${door.from}${door.from.endsWith('/') ? 'any.ts' : ''}`);
    const to = placeOf(door.to);
    if (from.kind !== 'room' || to.kind !== 'room') throw new Error(`${door.from} → ${door.to} is no pair of rooms`);
    expect(order.indexOf(to.room), `${door.from} → ${door.to}`).toBeLessThan(order.indexOf(from.room));
  }
});

test('every kind of file has its place', () => {
  expect(placeOf('src/main.ts')).toEqual({ kind: 'room', room: 'main' });
  expect(placeOf('src/rollouts/judge/counts.ts')).toEqual({ kind: 'room', room: 'rollouts' });
  expect(placeOf('src/api/contract/views.ts')).toEqual({ kind: 'room', room: 'contract' });
  expect(placeOf('src/api/sse.ts')).toEqual({ kind: 'room', room: 'api' });
  expect(placeOf('src/rollouts/decide.test.ts')).toEqual({ kind: 'test', room: 'rollouts' });
  expect(placeOf('test/e2e/canary.ts')).toEqual({ kind: 'test', room: null });
  expect(placeOf('test/api.ts')).toEqual({ kind: 'test', room: 'api' });
  expect(placeOf('test/golden/cli-screens.test.ts')).toEqual({ kind: 'test', room: 'cli' });
  expect(placeOf('tools/bench/main.ts')).toEqual({ kind: 'tools' });
  expect(placeOf('web/pages/home.tsx')).toEqual({ kind: 'web' });
  expect(placeOf('src/kitchen/sink.ts')).toEqual({ kind: 'stray' });
  expect(placeOf('src/loose.ts')).toEqual({ kind: 'stray' });
});
