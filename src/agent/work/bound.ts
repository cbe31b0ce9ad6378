import type { Workspace } from '../workspace/port.ts';
import { unlessInterrupted } from './interruption.ts';

/** The same checkout, whose verbs nobody waits for any longer than the signal lets them. */
export function bound(workspace: Workspace, signal: AbortSignal): Workspace {
  return {
    ...workspace,
    read: (path, limit) => unlessInterrupted(signal, () => workspace.read(path, limit)),
    changes: () => unlessInterrupted(signal, () => workspace.changes()),
    patch: (limit) => unlessInterrupted(signal, () => workspace.patch(limit)),
    commit: (message, author) => unlessInterrupted(signal, () => workspace.commit(message, author)),
    push: (until) => unlessInterrupted(signal, () => workspace.push(until)),
  };
}
