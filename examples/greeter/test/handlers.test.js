import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handler as hello } from '../src/hello.js';
import { handler as time } from '../src/time.js';

function get(rawPath, queryStringParameters) {
  return { version: '2.0', rawPath, queryStringParameters, requestContext: { http: { method: 'GET', path: rawPath } } };
}

test('hello answers with a greeting for the name in the query', async () => {
  const answer = await hello(get('/hello', { name: 'Ann' }));
  assert.equal(answer.statusCode, 200);
  assert.match(JSON.parse(answer.body).greeting, /, Ann!$/);
});

test('hello works without a query', async () => {
  const answer = await hello(get('/hello'));
  assert.equal(answer.statusCode, 200);
  assert.match(JSON.parse(answer.body).greeting, /, world!$/);
});

test('time answers with the time in the zone of the query', async () => {
  const answer = await time(get('/time', { zone: 'Asia/Tokyo' }));
  assert.equal(answer.zone, 'Asia/Tokyo');
  const [day, clock] = answer.local.split(' ');
  const behind = Date.parse(`${day}T${clock}+09:00`) - Date.parse(answer.time);
  assert.ok(Math.abs(behind) < 2000, `${answer.local} is not ${answer.time} in Tokyo`);
});

test('time refuses a zone that does not exist', async () => {
  const answer = await time(get('/time', { zone: 'Mars/Olympus' }));
  assert.equal(answer.statusCode, 400);
  assert.match(answer.body, /Mars/);
});
