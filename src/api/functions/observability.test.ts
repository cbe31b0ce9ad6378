/** Streams of lines end when their reader may not read any more, and when there is nothing to read from. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FunctionApiRig, createFunctionApiRig } from '../../../test/functions/api-rig.ts';

let rig: FunctionApiRig;
beforeAll(async () => {
  rig = await createFunctionApiRig();
  const code = { source: 'export const handler = async (event) => console.log(event.say);' };
  await rig.send('PUT /functions/said', { body: { config: { runtime: 'nodejs' }, code } });
});
afterAll(() => rig.close());

const say = (text: string) => rig.send('POST /functions/said/invocations', { body: { say: text } });

/** A live reader; `untilEnd` resolves with all it got when the server ends the stream, and fails after 12 s. */
async function follow(authorization: string, lastId?: string) {
  const response = await fetch(`${rig.url}/api/v1/functions/said/logs`, {
    headers: {
      authorization,
      accept: 'text/event-stream',
      ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
    },
    signal: AbortSignal.timeout(12_000),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  return {
    untilSeen: async (text: string) => {
      while (!seen.includes(text)) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`the stream ended without ${text}`);
        seen += value;
      }
    },
    untilEnd: async () => {
      for (;;) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) return seen;
        seen += value;
      }
    },
    leave: () => reader?.cancel(),
  };
}

test('a reader whose token is revoked is cut off within seconds; others stay', async () => {
  const made = await rig.access.createToken({ name: 'leaving', role: 'viewer', by: 'owner' });
  const cut = await follow(`Bearer ${made.token}`);
  const staying = await follow(await rig.authorization('viewer'));
  await say('for both');
  await Promise.all([cut.untilSeen('for both'), staying.untilSeen('for both')]);
  await rig.access.revokeToken(made.id, 'owner');
  expect(await cut.untilEnd()).toContain('for both');
  await say('for one');
  await staying.untilSeen('for one');
  await staying.leave();
});

test('a stream whose lines can not be read ends, and its reader goes on by the position', async () => {
  const authorization = await rig.authorization('viewer');
  const reader = await follow(authorization);
  await say('before');
  await reader.untilSeen('before');
  await sql`alter table function_logs rename to function_logs_away`.execute(rig.database.db);
  let seen = '';
  try {
    seen = await reader.untilEnd();
  } finally {
    await sql`alter table function_logs_away rename to function_logs`.execute(rig.database.db);
  }
  expect(seen).toContain('before');
  const last = [...seen.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1];
  await say('after');
  const resumed = await follow(authorization, last);
  await resumed.untilSeen('after');
  await resumed.leave();
});
