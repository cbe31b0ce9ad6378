import { expect, test } from 'vitest';
import type { Hpa } from '../objects/state.ts';
import { createTargetIndex } from './target-index.ts';

const target = { namespace: 'shop', group: 'apps', kind: 'Deployment', name: 'web' };

function hpa(name: string, minReplicas: number): Hpa {
  return { namespace: 'shop', name, uid: null, target, minReplicas, keda: false, bypass: null };
}

test('HPAs on a target come by name, in whatever order they came, changed and went', () => {
  const index = createTargetIndex();
  for (const name of ['c', 'a', 'd', 'b']) index.update(null, hpa(name, 1));
  index.update(hpa('a', 1), hpa('a', 2));
  index.update(hpa('d', 1), null);
  expect(index.on(target).map(({ name, minReplicas }) => `${name}${String(minReplicas)}`)).toEqual(['a2', 'b1', 'c1']);
});
