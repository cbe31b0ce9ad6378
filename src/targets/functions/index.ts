import type { Target } from '../../rollouts/port.ts';
import type { FunctionPlatform } from '../port.ts';
import { weightsFor } from '../weights.ts';

/** Releases as versions of functions behind a weighted alias per application and environment. */
export function createFunctionsTarget(platform: FunctionPlatform): Target {
  return {
    id: 'functions',
    capabilities: { weights: 'any', preview: true, warm: true, sticky: true },
    async check(release) {
      if (Object.keys(release.functions).length === 0) {
        return ['the release has no functions: `functions:` in funade.yaml is empty'];
      }
      return platform.check(release);
    },
    async prepare({ app, environment, fence, key, candidate, sticky }) {
      await platform.publish({ app, environment, fence, key, version: candidate, sticky });
      return { version: candidate.id, preview: `/fn/${environment}/${app}` };
    },
    async shift(context, weight) {
      const { app, environment, fence, key } = context;
      await platform.writeAlias({ app, environment, fence, key, weights: weightsFor(context, weight) });
    },
    observe: async (environment) => ({ versions: await platform.observe(environment) }),
    retire: ({ app, environment, fence, key }, version) => platform.retire({ app, environment, fence, key, version }),
  };
}
