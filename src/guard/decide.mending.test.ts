import { describe, expect, test } from 'vitest';
import { POLICY_NAMES } from '../config/index.ts';
import type { JsonObject } from './review/review.ts';
import { decideIn, deploymentObject, hpaObject, reviewOf, rulesWith, worldOf } from './review/testing.ts';

const severe = rulesWith({
  existingViolations: 'deny',
  policies: Object.fromEntries(POLICY_NAMES.map((name) => [name, name === 'imageNotReleased' ? 'off' : 'deny'])),
});

function pod(over: JsonObject = {}): JsonObject {
  return { containers: [{ name: 'web', image: 'web:1', securityContext: { privileged: true }, ...over }] };
}

function kindOf(world: readonly JsonObject[], before: JsonObject, after: JsonObject): string {
  return decideIn(worldOf(world), reviewOf(after, before), { rules: severe }).kind;
}

const broken = deploymentObject(1, { pod: pod() });

describe('existing violations denied, of which an object has several', () => {
  test.each([
    ['a second replica', [hpaObject(2)], deploymentObject(2, { pod: pod() }), 'allowed'],
    ['no privilege any more', [], deploymentObject(1, { pod: pod({ securityContext: {} }) }), 'allowed'],
    ['nothing mended', [hpaObject(2)], deploymentObject(1, { pod: pod({ tty: true }) }), 'denied'],
    [
      'one mended and another one made',
      [],
      deploymentObject(1, { pod: pod({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }) }),
      'denied',
    ],
  ])('%s', (_, world, after, wanted) => {
    expect(kindOf(world, broken, after)).toBe(wanted);
  });

  test('a larger minimum beside another HPA', () => {
    const world = [deploymentObject(1), hpaObject(2, { name: 'other' })];
    expect(kindOf(world, hpaObject(2), hpaObject(3))).toBe('allowed');
  });
});
