import { textAt } from '../objects/field.ts';
import { POD_STATES, containersIn, inContainer } from './containers.ts';
import { digestOf } from './image-digest.ts';
import type { Policy } from './policy.ts';

/**
 * A tag can be moved to other content. Ratcheted per container, not per image: where tags were in use before, the next tag
 * may come, with a warning.
 */
export const imageWithoutDigest: Policy = {
  name: 'imageWithoutDigest',
  about: POD_STATES,
  asked: () => true,
  needs: () => [],
  find(state) {
    return containersIn(state).flatMap((container) => {
      const image = textAt(container.spec, 'image');
      if (image !== null && digestOf(image) !== null) return [];
      const text = image === null ? 'imageMissing' : 'imageWithoutDigest';
      return [inContainer(container, 'without digest', text, { image: image ?? '' })];
    });
  },
};
