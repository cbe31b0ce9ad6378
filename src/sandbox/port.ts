import type { Duplex, Readable } from 'node:stream';

/**
 * `A`: every layer holds. `B`: namespaces and a tree of its own, but not every layer. `C`: a plain process group; limits of time
 * and output hold, but files and network are open.
 */
export const ISOLATION_TIERS = ['A', 'B', 'C'] as const;
export type IsolationTier = (typeof ISOLATION_TIERS)[number];

/** What keeps a box in. */
export const LAYERS = ['namespaces', 'identity', 'seccomp', 'memory', 'processes', 'freezing'] as const;
export type LayerName = (typeof LAYERS)[number];

export interface Layer {
  readonly name: LayerName;
  readonly active: boolean;
  /** What holds it up, or what is in its way. */
  readonly detail: string;
  /** A command or an act that would bring it; null where it is active or nothing can. */
  readonly fix: string | null;
}

export interface Isolation {
  readonly tier: IsolationTier;
  /** Why it is this tier, as a sentence for screens. */
  readonly reason: string;
  /** In the order of `LAYERS`. */
  readonly layers: readonly Layer[];
}

export type OutputStream = 'stdout' | 'stderr';

/** Text for `sh -e -c` (it ends at the first command that fails), or a program with its arguments and no shell. */
export type Command = { readonly shell: string } | { readonly argv: readonly string[] };

export interface CommandRequest {
  readonly command: Command;
  /** Absolute directory; it can always be read. */
  readonly cwd: string;
  /**
   * The whole environment, PATH included: nothing is inherited. `HOME` is a private directory unless it is given, and so is
   * the place for temporary files (`/tmp` under bubblewrap, `TMPDIR` otherwise). `FUNADE_SANDBOX_ID` is added.
   */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds until the command is ended. */
  readonly timeout: number;
  /** Bytes of output (both streams together) that are handed over; the rest is read and dropped. Default 10 MB. */
  readonly outputCap?: number;
  /** Bytes of output after which the command is ended as `flooded`; default: never, it is read and dropped. */
  readonly outputLimit?: number;
  /** Text for its standard input; default: an empty one. */
  readonly input?: string;
  /** `none` takes the network away under bubblewrap only. */
  readonly network: 'host' | 'none';
  /** Absolute paths that exist; the only ones that can be written under bubblewrap, besides HOME and temporary files. */
  readonly writable: readonly string[];
  /** Absolute paths that stay readable although they lie below a hidden one. */
  readonly readable?: readonly string[];
  /** Absolute paths that look empty under bubblewrap; what is not there needs no hiding and is passed over. */
  readonly hidden?: readonly string[];
  /** Megabytes of memory of all its processes; above it, it is ended as `out_of_memory`. Default: no limit. */
  readonly memory?: number;
  /**
   * Processes and threads. Default 4096. Where only their number can be looked at, a command with more is ended by SIGKILL, and its
   * output says so.
   */
  readonly processes?: number;
  readonly signal?: AbortSignal;
  /**
   * Receives text as it comes, whole characters, with secrets masked. While a returned promise is pending that stream is not
   * read. When it throws or rejects, the command is ended and `run` rejects with the same error.
   */
  readonly onOutput?: (chunk: string, stream: OutputStream) => void | Promise<void>;
  /** Secret values that appear as `***` in the output. */
  readonly redact?: readonly string[];
  /** Id of the run, stage or task that the process belongs to, for the log of a reaping. */
  readonly owner: string;
}

export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number }
  /** Also an exit status of 128+n: that is how a shell, and bubblewrap, tell of signal n. */
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'aborted' }
  /** It wrote more than `outputLimit`. */
  | { readonly kind: 'flooded' }
  /** It used more than `memory`. */
  | { readonly kind: 'out_of_memory' }
  | { readonly kind: 'not_started'; readonly reason: string };

export interface CommandFacts {
  /** Milliseconds, with the end of everything that the command had started. */
  readonly duration: number;
  /** Bytes that the command wrote, and how many of them were dropped at the cap. */
  readonly outputBytes: number;
  readonly droppedBytes: number;
  readonly tier: IsolationTier;
}

export type CommandOutcome = CommandEnd & CommandFacts;

/** A file or directory of the host (`source`) that the worker sees, read-only, as `path`. */
export interface WorkerMount {
  readonly path: string;
  readonly source: string;
}

export interface WorkerRequest {
  /** Program and arguments, as the worker sees them: absolute, or found through PATH of `env`. */
  readonly argv: readonly string[];
  /** Directory, as the worker sees it. */
  readonly cwd: string;
  /** The whole environment; nothing in it is secret, since it can be read in `/proc`. */
  readonly env: Readonly<Record<string, string>>;
  /** What the worker sees besides the system's programs and libraries. In tier C paths lead to their sources instead. */
  readonly mounts: readonly WorkerMount[];
  /** Unix sockets that the worker may connect to. */
  readonly sockets?: readonly WorkerMount[];
  /** Megabytes of memory; above it the worker is killed. */
  readonly memory: number;
  /** Processes and threads. Default 64. */
  readonly processes?: number;
  /** Files that one process may have open. Default 256. */
  readonly files?: number;
  /** `none` (default) is an empty network with a loopback of its own, except in tier C. */
  readonly network?: 'host' | 'none';
  /** Megabytes of `/tmp`, held in memory, except in tier C. Default 16. */
  readonly temporary?: number;
  readonly owner?: string;
}

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was killed for using more than `memory`. */
  readonly outOfMemory: boolean;
}

export interface Worker {
  /** The outermost process. */
  readonly pid: number;
  /** A socket to fd 3 of the worker. */
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. */
  readonly exited: Promise<WorkerExit>;
  /** Where the worker finds what was mounted at `path`. */
  seenAs(path: string): string;
  /** SIGKILL to the worker and to all that it started. */
  kill(): void;
  /** Stops all of it from running, or lets it go on; does nothing where boxes can't be frozen. */
  freeze(): void;
  thaw(): void;
  /** Processes inside, the sandbox's own ones included; null where that is not known. */
  processes(): number | null;
}

/** Runs programs that Funade did not write: pipeline commands, command-line agents and function workers. */
export interface Sandbox {
  isolation(): Isolation;
  /** Runs a command to its end; nothing of its process group is left when the promise settles. */
  run(request: CommandRequest): Promise<CommandOutcome>;
  /** Starts a long-lived worker that dies with this process. Throws `FUN_COMMAND_NOT_STARTED`. */
  spawnWorker(request: WorkerRequest): Promise<Worker>;
  /**
   * Ends what a killed predecessor with the same state directory left running, and removes its scratch directories.
   * Processes of servers that still run are not touched. Resolves with the number of processes ended.
   */
  reapLeftovers(): Promise<number>;
  /** Ends the spawner, and with it every worker. */
  close(): Promise<void>;
}
