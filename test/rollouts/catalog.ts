import type { EnvironmentConfig } from '../../src/config/index.ts';
import { FunadeError } from '../../src/kernel/index.ts';
import type { CatalogRelease, ReleaseCatalog } from '../../src/rollouts/port.ts';

/** Releases by number, with what can happen to them. */
export interface TestCatalog extends ReleaseCatalog {
  add(number: number, config: EnvironmentConfig): CatalogRelease;
  /** The release is unknown from now on. */
  remove(number: number): void;
  /** Its artifact is gone: it can't be put back. */
  loseArtifact(number: number): void;
  /** Reading it fails with this reason until it is null again. */
  failReading(number: number, reason: string | null): void;
}

export function releaseId(number: number): string {
  return `rel_${String(number).padStart(3, '0')}`;
}

/** A history in one line: a lower number is an ancestor of a higher one. */
export function createTestCatalog(): TestCatalog {
  const releases = new Map<string, CatalogRelease>();
  const lost = new Set<string>();
  const failing = new Map<string, string>();
  return {
    add(number, config) {
      const id = releaseId(number);
      const release = {
        release: {
          id,
          digest: `sha256:${id}`,
          artifact: `/artifacts/${id}`,
          functions: {},
          variables: {},
          secrets: {},
        },
        number,
        commit: `commit-${number}`,
        config,
      };
      releases.set(id, release);
      return release;
    },
    remove: (number) => releases.delete(releaseId(number)),
    loseArtifact: (number) => lost.add(releaseId(number)),
    failReading: (number, reason) =>
      reason === null ? failing.delete(releaseId(number)) : failing.set(releaseId(number), reason),
    async get(id) {
      const reason = failing.get(id);
      if (reason !== undefined) throw new Error(reason);
      const release = releases.get(id);
      if (release === undefined) throw new FunadeError('FUN_NOT_FOUND', { kind: 'release', id, list: 'the test' });
      return release;
    },
    isOlder: async (a, b) => a < b,
    preflight: async (id) => {
      const ready = !lost.has(id);
      return { ready, reason: ready ? null : `the artifact of ${id} is gone` };
    },
  };
}
