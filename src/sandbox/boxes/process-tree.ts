import { sleep } from '../../kernel/index.ts';
import { type ProcessIdentity, findMarked, groupOf, isRunning, killMarked, send, untilGone } from './processes.ts';

const PATIENCE = 2000;
const GRACE_STEP = 20;

/** A command and everything that it started. */
export interface ProcessTree {
  /** SIGTERM to the process group of the command. */
  terminate(): void;
  /** SIGKILL to everything that can be found at once. */
  kill(): void;
  /**
   * Called when the outermost process has ended: resolves when nothing of the tree is left. What is left of a plain group
   * after SIGTERM has `grace` more milliseconds (zero or less: none).
   */
  settle(grace: number): Promise<void>;
}

/** A plain process group. Members that left it are found by the marker in their environment. */
export function createGroupTree(leader: ProcessIdentity, id: string): ProcessTree {
  const signal = (name: NodeJS.Signals) => {
    const strayed = findMarked(id).filter((pid) => groupOf(pid) !== leader.pid);
    for (const pid of [-leader.pid, ...strayed]) send(pid, name);
  };
  return {
    terminate: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
    settle: async (grace) => {
      for (let rest = grace; rest > 0 && findMarked(id).length > 0; rest -= GRACE_STEP) await sleep(GRACE_STEP);
      send(-leader.pid, 'SIGKILL');
      await killMarked(id);
    },
  };
}

export interface NamespaceTree extends ProcessTree {
  /** Tells the tree which process is the first of the pid namespace, as soon as bubblewrap has reported it. */
  setInit(init: ProcessIdentity): void;
}

/**
 * A pid namespace: the kernel ends all of it with its first process, and that one with bubblewrap (`--die-with-parent`).
 * SIGTERM goes to the group inside: sent to bubblewrap it would end the command without any grace.
 */
export function createNamespaceTree(outer: ProcessIdentity, id: string): NamespaceTree {
  let init: ProcessIdentity | undefined;
  let wanted: 'SIGTERM' | 'SIGKILL' | undefined;

  function deliver(): void {
    if (init === undefined || wanted === undefined || !isRunning(init)) return;
    send(wanted === 'SIGTERM' ? -init.pid : init.pid, wanted);
  }

  return {
    setInit: (identity) => {
      init = identity;
      deliver();
    },
    terminate: () => {
      wanted = 'SIGTERM';
      deliver();
    },
    kill: () => {
      wanted = 'SIGKILL';
      send(outer.pid, 'SIGKILL');
      deliver();
    },
    settle: async () => {
      const ended = init !== undefined && (await untilGone(init, PATIENCE));
      if (!ended) await killMarked(id); // killed before bubblewrap had reported
    },
  };
}
