import { z } from 'zod';
import { listReleasesOfArtifact } from '../../releases/index.ts';
import type { ApiApp } from '../app.ts';
import type { ControlPlane } from '../control-plane.ts';
import { artifactView } from '../contract/index.ts';
import { requireRole } from '../guard.ts';
import { releaseViewOf } from '../views/release.ts';

/** Of one artifact. The same content is built again and again for many commits. */
const LIMIT = 20;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a digest is sha256: and 64 hexadecimal digits');

/** `/artifacts`: whether something came through Funade. The guard of a cluster asks it. */
export function registerArtifacts(app: ApiApp, { db }: ControlPlane): void {
  app.get(
    '/artifacts/:digest',
    {
      onRequest: requireRole('viewer', 'ask about an artifact'),
      schema: {
        summary: 'Whether an artifact was released, and in which releases; unknown ones are not released',
        params: z.object({ digest }),
        response: { 200: artifactView },
      },
    },
    async (request) => {
      const rows = await listReleasesOfArtifact(db, request.params.digest, LIMIT);
      return { digest: request.params.digest, released: rows.length > 0, releases: rows.map(releaseViewOf) };
    },
  );
}
