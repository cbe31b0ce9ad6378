import type { Freezer } from '../cgroups/cgroups.ts';
import type { Detected } from '../isolation/detect.ts';
import type { WorkerExit, WorkerRequest } from '../port.ts';

/** First argument of the spawner, as JSON: what it is to do is told over the IPC channel. */
export interface SpawnerOrder {
  readonly isolation: Detected;
  readonly stateDir: string;
}

export type ToSpawner =
  | { readonly kind: 'spawn'; readonly id: string; readonly request: WorkerRequest }
  | { readonly kind: 'kill'; readonly id: string };

/** `started` comes with the channel as its handle, each `stream` with that stream. */
export type FromSpawner =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'started';
      readonly id: string;
      readonly pid: number;
      /** Of the box's control group; null where there is none. */
      readonly freezer: Freezer | null;
      readonly members: string | null;
    }
  | { readonly kind: 'stream'; readonly id: string; readonly name: 'stdout' | 'stderr' }
  | { readonly kind: 'failed'; readonly id: string; readonly command: string; readonly reason: string }
  | { readonly kind: 'exited'; readonly id: string; readonly exit: WorkerExit }
  | { readonly kind: 'note'; readonly message: string; readonly facts: Readonly<Record<string, unknown>> };
