/** Meta of LOAD. Variables travel here and never in argv or the environment that the process is started with. */
export interface LoadMeta {
  readonly directory: string;
  readonly handler: string;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly functionArn: string;
  readonly memory: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** Meta of INVOKE: an HTTP request without its body, which is the frame's body. */
export interface InvokeMeta {
  readonly requestId: string;
  /** Milliseconds that the handler has. A remainder, not a moment: the two clocks may differ. */
  readonly remaining: number;
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

/** Meta of RESULT: the answer without its body, which is the frame's body. */
export interface ResultMeta {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
}

/** Meta of ERROR and INIT_ERROR: what the function threw, in the words of its runtime. */
export interface FaultMeta {
  readonly errorType: string;
  readonly message: string;
  /** Stack lines, the first frame first. */
  readonly trace: readonly string[];
}

/** `errorType` of an answer that is longer than 6 MB. */
export const RESPONSE_TOO_LARGE = 'Function.ResponseSizeTooLarge';
