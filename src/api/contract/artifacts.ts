import { z } from 'zod';
import { releaseView } from './views.ts';

/**
 * Whether an artifact came through Funade: a release has it. That holds from the build on, since a cluster meets an image while its
 * release is being deployed, and stays so after a rollback, since going back must be possible.
 */
export const artifactView = z.object({
  digest: z.string(),
  released: z.boolean(),
  /** Newest first; not all of them when there are many. */
  releases: z.array(releaseView),
});
export type ArtifactView = z.infer<typeof artifactView>;
