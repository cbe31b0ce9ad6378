import { expect, test } from 'vitest';
import { en } from './en.ts';
import { ja } from './ja.ts';
import { StartFault, type StartFaultKey, toldFault } from './start-fault.ts';

function placeholders(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(/\{(\w+)\}/g), ([, name = '']) => name))].toSorted();
}

test.each(Object.keys(en) as readonly StartFaultKey[])('fault %s uses the same values in both languages', (key) => {
  expect(placeholders(ja[key].message)).toEqual(placeholders(en[key].message));
  expect(placeholders(ja[key].fix)).toEqual(placeholders(en[key].fix));
  expect([ja[key].message, ja[key].fix]).toEqual([
    expect.stringMatching(/[぀-ヿ一-鿿]/),
    expect.stringMatching(/[぀-ヿ一-鿿]/),
  ]);
});

test('a setting that nobody gave is called by its key, also in the log', () => {
  const fault = new StartFault('portNotAllowed', { port: 80 }, { setting: 'server.healthPort' });
  expect(fault.message).toBe('server.healthPort is 80, where this user may not listen.');
  const origins = { 'server.healthPort': [{ source: 'default', follows: null }] } as const;
  expect(toldFault(fault, { language: 'en', origins })).toEqual({
    path: 'server.healthPort',
    message: fault.message,
    fix: fault.fix,
  });
});
