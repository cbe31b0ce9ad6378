import type { RuntimeName } from '../../config/index.ts';
import type { WorkerRequest } from '../../sandbox/index.ts';
import type { LoadOrder } from '../runtimes/messages.ts';

/** Where a worker sees what it is given. */
export const CODE = '/var/task';
export const KIT = '/opt/funade';
/** Of a language that is compiled. */
export const PROGRAM = '/opt/function';
/** Where code that is not mounted is written: it travels with LOAD. */
export const CARRIED_CODE = '/tmp/task';
export const EGRESS_SOCKET = '/run/funade-egress.sock';

/** Code of a function, on disk. */
export interface Code {
  readonly directory: string;
  readonly handler: string;
  readonly form: LoadOrder['form'];
}

export type LanguageStatus =
  | { readonly available: true; readonly version: string }
  | { readonly available: false; readonly reason: string; readonly fix: string };

/** What of a worker depends on the language alone. */
export type LanguageStart = Pick<WorkerRequest, 'argv' | 'env' | 'mounts'>;

export interface Built {
  /** What is mounted as the code. */
  readonly directory: string;
  readonly handler: string;
  /** File on this host, of a language that is compiled. */
  readonly program?: string;
}

/** What is to be started. */
export interface StartOrder {
  /** Megabytes. */
  readonly memory: number;
  /** Of `build`. */
  readonly program?: string | undefined;
}

/** Code that is one file. */
export interface SourceFile {
  readonly file: string;
  readonly handler: string;
}

/** What a language needs of the machine, and how a process of it is started. */
export interface Language {
  readonly name: RuntimeName;
  /** Its processes can be started before the function is known. */
  readonly isGeneric: boolean;
  /** File that code which comes as one text becomes, and the handler that it has unless another one is named. */
  readonly source: SourceFile;
  /** The file, and the handler, of a session's script; null where there are none. */
  readonly scriptFile: string | null;
  /** Whether a line on stderr is what it says before it ends a process for lack of memory, where it does so by itself. */
  readonly isOutOfMemory?: (line: string) => boolean;
  /** Whether its tools are there; looked up once. */
  status(): Promise<LanguageStatus>;
  /** A sentence about code that could not run; null when it can. */
  check(code: Code): string | null;
  /** Compiles what has to be compiled. Throws `CompileError`, and `FUN_UNAVAILABLE` where no compiler is free. */
  build(code: Code): Promise<Built>;
  /** Throws `FUN_COMMAND_NOT_STARTED` where its tools are missing. */
  start(order: StartOrder): Promise<LanguageStart>;
}

export interface CompileFault {
  readonly message: string;
  /** From 1; null where the compiler names no place. */
  readonly line: number | null;
  readonly column: number | null;
}

/** The code does not compile. */
export class CompileError extends Error {
  readonly faults: readonly CompileFault[];

  constructor(faults: readonly CompileFault[]) {
    const [first] = faults;
    const place =
      first?.line === undefined || first.line === null ? '' : ` (line ${first.line}, column ${first.column})`;
    super(`${first?.message ?? 'it does not compile'}${place}`);
    this.name = 'CompileError';
    this.faults = faults;
  }
}
