import { describe, expect, test } from 'vitest';
import { admitAll } from '../../test/intake-rig.ts';
import { useIntake } from '../../test/use-intake.ts';
import { forgeWebhooks } from '../forges/index.ts';
import { type Logger, silentLogger, systemClock } from '../kernel/index.ts';
import { createIntake } from './index.ts';

const { db } = useIntake();

describe('a weak setting stops the start', () => {
  function create(value: string, trustedProxies: readonly string[] = [], logger: Logger = silentLogger) {
    return createIntake({
      db: db(),
      clock: systemClock,
      logger,
      forges: forgeWebhooks,
      secrets: new Map([['github', [{ label: 'GITHUB_WEBHOOK_SECRET', value }]]]),
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
    expect(() => create(value)).toThrow(reason);
    expect(() => create(value)).toThrow('GITHUB_WEBHOOK_SECRET');
    if (value.trim() !== '') expect(() => create(value)).not.toThrow(value);
  });

  test.each(['10.0.0.0/33', 'localhost', '10.0.0.0/', '10.0.0.0/8/9', '10.0.0.0/x', ''])(
    'the trusted proxy %j',
    (cidr) => {
      expect(() => create('a secret of good length', [cidr])).toThrow('is not a CIDR');
    },
  );
});
