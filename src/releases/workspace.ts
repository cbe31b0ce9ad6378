import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
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

export async function removeWorkspace(place: RunPlace): Promise<void> {
  await rm(workspaceOf(place).root, { recursive: true, force: true });
}
