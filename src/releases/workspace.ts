import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../kernel/index.ts';
import type { ReleasesDependencies } from './dependencies.ts';

export interface Workspace {
  readonly root: string;
  readonly checkout: string;
}

interface RunPlace {
  readonly dependencies: Pick<ReleasesDependencies, 'workspaces' | 'source'>;
  readonly run: { readonly id: string; readonly app: string; readonly sha: string | null };
}

export function workspaceOf({ dependencies, run }: RunPlace): Workspace {
  const root = join(dependencies.workspaces, run.id);
  return { root, checkout: join(root, 'checkout') };
}

/** A clean checkout of the run's commit; a half-made one of a killed process is made again. */
export async function ensureCheckout(place: RunPlace): Promise<void> {
  const { root, checkout } = workspaceOf(place);
  if ((await stat(checkout).catch(() => undefined)) !== undefined) return;
  const partial = join(root, 'checkout.partial');
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await place.dependencies.source.checkout(place.run.app, place.run.sha ?? '', partial);
  await rename(partial, checkout);
}

/** Commands may have left what this user can't remove; that is told and left, since the run has ended either way. */
export async function removeWorkspace(place: {
  readonly dependencies: Pick<ReleasesDependencies, 'workspaces' | 'logger'>;
  readonly run: { readonly id: string };
}): Promise<void> {
  const root = join(place.dependencies.workspaces, place.run.id);
  try {
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  } catch (thrown) {
    place.dependencies.logger.warn({ workspace: root, reason: messageOf(thrown) }, 'Failed to remove a workspace.');
  }
}
