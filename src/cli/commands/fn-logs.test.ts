import { expect, test, vi } from 'vitest';
import type { RouteStream } from '../../../test/fakes/control-plane.ts';
import type { FunctionLogView } from '../../api/contract/index.ts';
import { createFnRig } from '../../../test/fn-rig.ts';

const { plane, funade, start } = createFnRig();
const ROUTE = 'GET /api/v1/functions/calc/logs';

function line(position: number, overrides: Partial<FunctionLogView> = {}): FunctionLogView {
  return {
    ...{ position, at: Date.UTC(2026, 0, 2, 3, 4, 5, 678), app: 'calc', environment: 'live', version: '3' },
    ...{ function: 'main', stream: 'stdout', requestId: null, text: `line ${position}` },
    ...overrides,
  };
}

test('logs prints time, version, stream and text of the newest lines', async () => {
  plane().route(ROUTE, ({ query }) => {
    expect(query).toEqual({ limit: '100' });
    return { json: { items: [line(1), line(2, { stream: 'stderr', text: 'bad\u001B[2J\u0007' })], next: null } };
  });
  const { code, stdout } = await funade(['logs', 'calc']);
  expect([code, stdout]).toEqual([0, '2026-01-02T03:04:05.678Z v3 out line 1\n2026-01-02T03:04:05.678Z v3 err bad\n']);
});

test('logs of an application name the environment and the function, and can be narrowed to them', async () => {
  const own = {
    app: 'greeter',
    environment: 'production',
    function: 'hello',
    version: 'rel_1',
    stream: 'platform',
  } as const;
  plane().route('GET /api/v1/functions/greeter/logs', ({ query }) => {
    expect(query).toEqual({ environment: 'production', function: 'hello', limit: '5' });
    return { json: { items: [line(1, own)], next: null } };
  });
  const argv = ['logs', 'greeter', '--environment', 'production', '--function', 'hello', '--limit', '5'];
  expect((await funade(argv)).stdout).toBe('2026-01-02T03:04:05.678Z production/hello rel_1 sys line 1\n');
});

test('logs --json prints a JSON line for each, and a function that wrote nothing is told on standard error', async () => {
  plane().route(ROUTE, { json: { items: [line(1), line(2)], next: null } });
  const { stdout } = await funade(['logs', 'calc', '--json']);
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((each) => JSON.parse(each) as unknown),
  ).toEqual([line(1), line(2)]);
  plane().route(ROUTE, { json: { items: [], next: null } });
  expect(await funade(['logs', 'calc'])).toEqual({ code: 0, stdout: '', stderr: 'Nothing here.\n' });
});

test('--follow goes on after a cut where it was, and Ctrl-C ends it with 130', async () => {
  const streams: RouteStream[] = [];
  plane().route(ROUTE, () => ({ stream: (stream) => streams.push(stream) }));
  const running = start(['logs', 'calc', '--follow', '--json']);
  await vi.waitFor(() => expect(streams).toHaveLength(1));
  streams[0]?.send(7, line(7));
  await vi.waitFor(() => expect(running.stdout()).toContain('line 7'));
  streams[0]?.cut();
  await vi.waitFor(() => expect(streams).toHaveLength(2), { timeout: 5000 });
  streams[1]?.send(8, line(8));
  await vi.waitFor(() => expect(running.stdout()).toContain('line 8'));
  running.interrupt();
  const { code, stdout, stderr } = await running.ended;
  expect(code).toBe(130);
  expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(stderr).toContain('trying again');
  const [first, second] = plane().seen;
  expect([first?.headers.accept, first?.headers['last-event-id']]).toEqual(['text/event-stream', undefined]);
  expect(second?.headers['last-event-id']).toBe('7');
});

test('--follow ends at once where the server refuses, and with 5 when its time is up', async () => {
  plane().route(ROUTE, { problem: { status: 403, code: 'FUN_FORBIDDEN', detail: "Can't read logs." } });
  expect((await funade(['logs', 'calc', '-f'])).code).toBe(6);
  plane().route(ROUTE, { stream: () => {} });
  const { code, stderr } = await funade(['logs', 'calc', '-f', '--timeout', '100ms']);
  expect(code).toBe(5);
  expect(stderr).toContain('→ funade fn logs calc --follow');
});
