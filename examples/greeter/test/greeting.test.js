import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greet } from '../src/greeting.js';

test('a greeting ends with the name and an exclamation mark', () => {
  assert.match(greet('Ann'), /^\p{L}.*, Ann!$/u);
});

test('without a name the world is greeted', () => {
  assert.match(greet(undefined), /, world!$/);
  assert.match(greet('   '), /, world!$/);
});

test('a name is cut after 60 characters', () => {
  assert.ok(greet('x'.repeat(500)).endsWith(`, ${'x'.repeat(60)}!`));
});
