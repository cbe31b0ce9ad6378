import { describe, expect, test } from 'vitest';
import { admitAll, fixedSources } from '../../test/intake-rig.ts';
import { useIntake } from '../../test/use-intake.ts';
import { silentLogger, systemClock } from '../kernel/index.ts';
import { createIntake } from './index.ts';
import { checkSecrets } from './settings.ts';

const { db } = useIntake();

describe('a weak setting stops the start', () => {
  function check(value: string, kind?: 'signing') {
    const secret = { label: 'GITHUB_WEBHOOK_SECRET', value, ...(kind === undefined ? {} : { kind }) };
    return () => checkSecrets('github', [secret]);
  }

  function create(trustedProxies: readonly string[]) {
    return createIntake({
      db: db(),
      clock: systemClock,
      logger: silentLogger,
      sources: fixedSources([]),
      admission: admitAll,
      limits: { trustedProxies },
    });
  }

  test.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['${GITHUB_WEBHOOK_SECRET}', 'not expanded'],
    ['fifteen-letters', 'shorter than 16'],
  ])('the secret %j: it is %s', (value, reason) => {
    expect(check(value)).toThrow(reason);
    expect(check(value)).toThrow('GITHUB_WEBHOOK_SECRET');
    if (value.trim() !== '') expect(check(value)).not.toThrow(value);
  });

  test.each([
    ['a token that is none for signing', 'a token of good length', 'does not begin with whsec_'],
    ['a key that is not base64', 'whsec_MDEyMzQ1Njc4OWFi?2RlZjAx', 'at least 16 bytes in base64'],
    ['a key of too few bytes', 'whsec_MDEyMzQ1Njc4OWFi', 'at least 16 bytes in base64'],
  ])('the signing token that is %s', (_, value, reason) => {
    expect(check(value, 'signing')).toThrow(reason);
    expect(check(value, 'signing')).not.toThrow(value);
  });

  test('a signing token of enough bytes is fine', () => {
    expect(check('whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=', 'signing')).not.toThrow();
  });

  test.each(['10.0.0.0/33', 'localhost', '10.0.0.0/', '10.0.0.0/8/9', '10.0.0.0/x', ''])(
    'the trusted proxy %j',
    (cidr) => {
      expect(() => create([cidr])).toThrow('is not a CIDR');
    },
  );
});
