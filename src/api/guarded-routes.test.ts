import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type TestApi, createTestApi } from '../../test/api.ts';
import { type ControlPlane, resourcesOf } from './index.ts';

const document = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

/** Rooms that are there and never reached. */
const rooms: unknown = new Proxy(() => rooms, { get: () => rooms });

/** What tells nothing that matters, or asks for credentials of its own. */
const OPEN = [
  'GET /api/v1/health',
  'GET /api/v1/openapi.json',
  'GET /api/v1/session',
  'POST /api/v1/session',
  'DELETE /api/v1/session',
];

let started: TestApi;
beforeAll(async () => {
  started = await createTestApi({ resources: resourcesOf(rooms as ControlPlane) });
});
afterAll(() => started.close());

async function routes(): Promise<readonly string[]> {
  const headers = await started.bearer('viewer');
  const answer = await started.api.app.inject({ url: '/api/v1/openapi.json', headers });
  const { paths } = document.parse(answer.json());
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/api/'))
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`));
}

test('no route but the open ones lets somebody in whose scopes say nothing', async () => {
  const { token } = await started.access.createToken({ name: 'ci', role: 'owner', by: 'owner', scopes: [] });
  const all = await routes();
  expect(all.length).toBeGreaterThan(30);
  const passed: string[] = [];
  for (const route of all) {
    const [method = '', path = ''] = route.split(' ');
    const { statusCode, body } = await started.api.app.inject({
      method: method as 'GET',
      url: path.replaceAll(/\{\w+\}/g, 'x'),
      headers: { authorization: `Bearer ${token}` },
      ...(method === 'GET' || method === 'DELETE' ? {} : { payload: {} }),
    });
    if (statusCode !== 403 || !body.includes('FUN_FORBIDDEN')) passed.push(route);
  }
  expect(passed.filter((route) => !OPEN.includes(route))).toEqual([]);
});
