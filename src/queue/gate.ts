import type { Worker } from './port.ts';

/** How long a worker may be full before it stops taking jobs: one whose jobs take a moment need not stop at all. */
const CLOSE_AFTER_MS = 1000;

export interface GateOptions {
  readonly room: (() => number) | undefined;
  /** Begins to take jobs; answers what `close` needs. */
  readonly open: () => Promise<readonly string[]>;
  readonly close: (ids: readonly string[]) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onTrouble: (thrown: unknown) => void;
}

/** Takes jobs while there is room for them. Throws when the first can't be taken. */
export async function createGate(options: GateOptions): Promise<Worker> {
  const { room, signal } = options;
  let opened: readonly string[] | null = room?.() === 0 ? null : await options.open();
  let closing: NodeJS.Timeout | undefined;
  let moving: Promise<void> = Promise.resolve();

  async function move(): Promise<void> {
    if (room === undefined || signal.aborted) return;
    const isFull = room() <= 0;
    if (isFull && opened !== null) {
      const ids = opened;
      opened = null;
      await options.close(ids);
    } else if (!isFull && opened === null) {
      opened = await options.open();
    }
  }

  function queueMove(): void {
    moving = moving.then(move).catch(options.onTrouble);
  }

  function roomChanged(): void {
    if (room === undefined || signal.aborted) return;
    if (room() > 0) {
      clearTimeout(closing);
      closing = undefined;
      if (opened === null) queueMove();
      return;
    }
    closing ??= setTimeout(() => {
      closing = undefined;
      queueMove();
    }, CLOSE_AFTER_MS).unref();
  }

  return { roomChanged };
}
