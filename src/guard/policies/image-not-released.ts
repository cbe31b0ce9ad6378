import type { GuardRules } from '../../config/index.ts';
import { textAt } from '../objects/field.ts';
import type { Change, State } from '../objects/state.ts';
import type { Need, Reads } from '../world.ts';
import { type Container, POD_STATES, containersIn } from './containers.ts';
import { digestOf } from './image-digest.ts';
import type { Finding, Policy } from './policy.ts';

/**
 * An image that did not come through a release. Ratcheted per image: one that the pods have already may stay and move to
 * another container, each other one is new, also in a container whose image was not released before.
 */
export const imageNotReleased: Policy = {
  name: 'imageNotReleased',
  about: POD_STATES,
  asked: () => true,
  needs,
  find,
};

function find(state: State, reads: Reads): readonly Finding[] {
  return containersIn(state).flatMap((container) => {
    const image = textAt(container.spec, 'image');
    if (image === null) return [];
    const digest = digestOf(image);
    if (digest === null) return [found(container, image, 'imageNotTraceable')];
    return reads.released(digest) ? [] : [found(container, image, 'imageNotReleased')];
  });
}

function found(container: Container, image: string, text: 'imageNotTraceable' | 'imageNotReleased'): Finding {
  const { of } = container;
  return {
    key: `${of.kind}/${of.name} image ${image} not released`,
    degree: 0,
    severity: 'violation',
    text,
    values: { image, container: container.name, kind: of.kind, name: of.name },
  };
}

function needs(change: Change, rules: GuardRules): readonly Need[] {
  const known = change.before === null ? new Set() : new Set(imagesOf(change.before));
  return [...new Set(imagesOf(change.after))].flatMap((image): readonly Need[] => {
    const digest = digestOf(image);
    if (digest === null) return [];
    const decides = !known.has(image) || rules.existingViolations === 'deny';
    return [{ weight: decides ? 'decides' : 'informs', kind: 'released', image, digest }];
  });
}

function imagesOf(state: State): readonly string[] {
  return containersIn(state).flatMap((container) => textAt(container.spec, 'image') ?? []);
}
