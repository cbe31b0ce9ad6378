export interface BoxRequest {
  /** Text for `sh -e -c`. */
  readonly command: string;
  /** Absolute path of the checkout. */
  readonly cwd: string;
  readonly home: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly onOutput?: (chunk: string) => void;
}

export interface BoxEnd {
  /** Exit status; null when it did not come to one. */
  readonly code: number | null;
  /** As the sandbox names it: `exited`, `timed_out`, `flooded`, … */
  readonly kind: string;
  /** Both streams, with secrets masked, capped. */
  readonly output: string;
}

/** Runs a command of the model in the sandbox, with the network and the limits of the configuration. */
export type RunInBox = (request: BoxRequest) => Promise<BoxEnd>;
