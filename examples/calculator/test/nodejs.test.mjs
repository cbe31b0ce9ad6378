import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { handler } from '../nodejs/index.mjs';

const cases = JSON.parse(await readFile(new URL('../cases.json', import.meta.url), 'utf8'));

for (const { title, event, answer, error } of cases) {
  test(title, async () => {
    // As JSON, because that is what callers see: there -0 is 0.
    if (error === undefined) assert.deepEqual(JSON.parse(JSON.stringify(await handler(event))), answer);
    else await assert.rejects(handler(event), { name: error.errorType, message: error.errorMessage });
  });
  test(`${title}, over HTTP`, async () => {
    const { statusCode, body } = await handler({
      requestContext: { http: { method: 'POST' } },
      body: JSON.stringify(event),
    });
    assert.equal(statusCode, error === undefined ? 200 : 400);
    assert.deepEqual(JSON.parse(body), answer ?? error);
  });
}
