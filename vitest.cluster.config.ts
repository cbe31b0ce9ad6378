import { defineConfig } from 'vitest/config';
import { SKIPPED, assetsDirectory } from './test/cluster/assets.ts';

const isSkipped = assetsDirectory() === null;
// Tools that only look at this file are told nothing.
if (isSkipped && process.env['VITEST'] !== undefined) console.warn(SKIPPED);

/** `npm run test:cluster`: the guard against a real kube-apiserver and etcd. `npm test` takes none of these files. */
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.cluster.ts'],
    exclude: isSkipped ? ['**'] : [],
    passWithNoTests: isSkipped,
    // Each file has a control plane of its own: one after the other, they fit into a small machine.
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 600_000,
    disableConsoleIntercept: true,
  },
});
