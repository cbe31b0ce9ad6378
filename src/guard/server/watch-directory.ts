import { type FSWatcher, statSync, watch } from 'node:fs';

export interface DirectoryListener {
  /** Something in it changed, perhaps not for the last time. */
  changed(): void;
  /** It is time for a look anyway. */
  polled(): void;
}

/**
 * Watches a directory, not its files: a mounted Secret is swapped by renaming a link (`..data`), and its files never change.
 * A directory that is not there, or is replaced, is watched as soon as it is. Polling goes on beside it, as not every file
 * system tells of changes.
 */
export function watchDirectory(directory: string, pollMs: number, listener: DirectoryListener): { close(): void } {
  let watcher: FSWatcher | null = null;
  /** Which directory is watched, as the path may lead to another one later. */
  let watched: string | null = null;

  function forget(): void {
    watcher?.close();
    watcher = null;
    watched = null;
  }

  function follow(): void {
    const found = identityOf(directory);
    if (found === watched) return;
    forget();
    if (found === null) return;
    try {
      watcher = watch(directory, { persistent: false }, () => listener.changed());
      watcher.on('error', forget);
      watched = found;
    } catch {
      forget(); // no watches left, or gone again: polling does
    }
  }

  follow();
  const timer = setInterval(() => {
    follow();
    listener.polled();
  }, pollMs);
  timer.unref();
  return {
    close: () => {
      clearInterval(timer);
      forget();
    },
  };
}

function identityOf(directory: string): string | null {
  const stat = statSync(directory, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}/${stat.ino}`;
}
