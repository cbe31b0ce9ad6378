/** Body of LOAD. Variables travel here and never in argv or the environment that the process is started with. */
export interface LoadOrder {
  /** Directory of the code as the worker sees it. */
  readonly directory: string;
  /** Code that is not mounted: written below `directory` before it is loaded, by path, in base64. Null where it is mounted. */
  readonly files: Readonly<Record<string, string>> | null;
  /**
   * `file.export` of the runtime's language; of a script the name of its file; of a program (`rust`, `provided`) what `_HANDLER` says.
   */
  readonly handler: string;
  /** A script is what sessions bring: a body that returns, or a module, see the runtime. */
  readonly form: 'module' | 'script';
  readonly functionName: string;
  readonly functionVersion: string;
  /** Megabytes. */
  readonly memory: number;
  readonly variables: Readonly<Record<string, string>>;
  /** Path of a unix socket that answers CONNECT, for the hosts that the function may reach; null without. */
  readonly egress: string | null;
}

interface InvokeBase {
  readonly requestId: string;
  /** Milliseconds that the handler has. A remainder, not a moment: the two clocks may differ. */
  readonly remaining: number;
  /** `invokedFunctionArn` of the context. */
  readonly arn: string;
}

/** Meta of INVOKE whose body is the event itself, as JSON. */
export interface PayloadMeta extends InvokeBase {
  readonly kind: 'payload';
  /** `clientContext` of an AWS Lambda call, as it was sent. */
  readonly clientContext?: unknown;
}

/** Meta of INVOKE for an HTTP request; its body is the frame's body. */
export interface HttpMeta extends InvokeBase {
  readonly kind: 'http';
  readonly method: string;
  /** Path below `/fn/{environment}/{app}`, as received. */
  readonly path: string;
  /** Query string as received, without `?`. */
  readonly query: string;
  readonly routeKey: string;
  readonly stage: string;
  readonly sourceIp: string;
  /** Epoch milliseconds at which the request arrived. */
  readonly time: number;
  /** Names in lower case; several values are joined with commas. Without `cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
}

export type InvokeMeta = PayloadMeta | HttpMeta;

/** Meta of RESULT. Of a payload call only `stream` and `headers` of a streamed answer mean something. */
export interface ResultMeta {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  /** The body follows as CHUNKs. */
  readonly stream?: boolean;
}

/** What was wrong when it was not the handler that threw. */
export const FAULT_REASONS = ['invalid_event', 'unserialisable', 'bad_response', 'response_too_large'] as const;
export type FaultReason = (typeof FAULT_REASONS)[number];

/** Meta of ERROR, INIT_ERROR and the END of a broken stream: what went wrong, in the words of the runtime. */
export interface FaultMeta {
  readonly errorType: string;
  readonly message: string;
  /** Stack lines, the first frame first. */
  readonly trace: readonly string[];
  readonly reason?: FaultReason;
  /** Where the code does not compile, both from 1. */
  readonly place?: { readonly line: number; readonly column: number };
}
