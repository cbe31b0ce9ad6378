// Against a real PostgreSQL: `DATABASE_URL=postgres://… npm test`. Notes that are made here are deleted again.
import assert from 'node:assert/strict';
import test from 'node:test';

if (process.env.DATABASE_URL === undefined) throw new Error('DATABASE_URL has to name a PostgreSQL to test with');
const { handler } = await import('../index.mjs');

async function ask(method, rawPath, more = {}) {
  const { statusCode, body } = await handler({ rawPath, requestContext: { http: { method } }, ...more });
  return { status: statusCode, body: body === undefined ? null : JSON.parse(body) };
}

const create = (body, isBase64Encoded = false) => ask('POST', '/notes', { body, isBase64Encoded });

test('says that it is well when the database answers', async () => {
  assert.deepEqual(await ask('GET', '/health'), { status: 200, body: { status: 'ok' } });
});

test('keeps a note until it is deleted', async () => {
  const text = `船出 ⛵ '; drop table notes; --`;
  const { status, body: note } = await create(JSON.stringify({ text }));
  assert.equal(status, 201);
  assert.equal(note.text, text);
  assert.ok(Math.abs(Date.now() - Date.parse(note.createdAt)) < 600_000, note.createdAt);
  const listed = () => ask('GET', '/notes', { queryStringParameters: { limit: '100' } });
  assert.deepEqual(
    (await listed()).body.notes.find(({ id }) => id === note.id),
    note,
  );
  assert.deepEqual(await ask('DELETE', `/notes/${note.id}`), { status: 204, body: null });
  assert.equal(
    (await listed()).body.notes.some(({ id }) => id === note.id),
    false,
  );
  assert.equal((await ask('DELETE', `/notes/${note.id}`)).status, 404);
});

test('lists the newest first, as many as are asked for', async () => {
  const made = [];
  for (const text of ['one', 'two', 'three']) made.push((await create(JSON.stringify({ text }))).body);
  const { body } = await ask('GET', '/notes', { queryStringParameters: { limit: '2' } });
  assert.deepEqual(body.notes, [made[2], made[1]]);
  for (const { id } of made) await ask('DELETE', `/notes/${id}`);
});

test('reads a body in base64', async () => {
  const { status, body } = await create(Buffer.from('{"text":"sail"}').toString('base64'), true);
  assert.deepEqual([status, body.text], [201, 'sail']);
  await ask('DELETE', `/notes/${body.id}`);
});

const noNotes = [undefined, '', '{', 'null', '[]', '{"text":1}', '{"text":"  "}', '{"text":"a\\u0000b"}'];
for (const body of [...noNotes, JSON.stringify({ text: 'x'.repeat(1001) })]) {
  test(`refuses ${String(body).slice(0, 30)} for a note`, async () => {
    const { status, body: told } = await create(body);
    assert.deepEqual([status, told.error], [400, 'the body has to be JSON with a text of 1 to 1000 characters']);
  });
}

for (const limit of ['0', '101', '-1', '1.5', 'none', '']) {
  test(`refuses the limit "${limit}"`, async () => {
    assert.equal((await ask('GET', '/notes', { queryStringParameters: { limit } })).status, 400);
  });
}

test('tells what is not there, and what it does not do', async () => {
  assert.equal((await ask('GET', '/nothing')).status, 404);
  assert.deepEqual(await ask('PUT', '/notes'), { status: 405, body: { error: '/notes knows GET, POST' } });
  assert.equal((await ask('DELETE', '/notes/one')).status, 400);
});
