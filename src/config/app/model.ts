/**
 * `funade.yaml` after parsing: defaults applied, durations in milliseconds, percentages as fractions (5% → 0.05).
 * The sections beside this file hold schema, default and commented example of each part.
 */
export interface AppConfig {
  readonly version: 1;
  /** `^[a-z][a-z0-9-]{0,38}$` */
  readonly app: string;
  /** Which pushes make a release. */
  readonly on: TriggerConfig;
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  readonly pipeline: readonly StageConfig[];
  readonly environments: Readonly<Record<string, EnvironmentConfig>>;
  /** What agents may do in this repository; it can only narrow what the server allows. */
  readonly agent: AgentProjectConfig;
}

/** `null`: as the server has it. Read from the branch that the work starts from, never from what an agent wrote. */
export interface AgentProjectConfig {
  readonly runner: 'noop' | 'command' | 'builtin' | null;
  readonly budget: {
    readonly steps: number | null;
    readonly tokens: number | null;
    /** US dollars. */
    readonly money: number | null;
    /** Milliseconds. */
    readonly time: number | null;
  };
  /** Begins with a letter or digit and is part of a branch's name: `agents/`. */
  readonly branchPrefix: string | null;
  readonly planApproval: 'never' | 'required' | null;
  /** Globs (`*` within a segment, `**` across); a leading `!` takes paths out again. The last one that matches decides; default all. */
  readonly allowedPaths: readonly string[];
  /** Shell commands that must end with 0 before a pull request is opened. */
  readonly checks: readonly string[];
}

export interface TriggerConfig {
  /** Glob patterns (`*` within a segment, `**` across); default `['main', 'master']`. */
  readonly branches: readonly string[];
  readonly tags: readonly string[];
}

export const RUNTIMES = ['nodejs', 'python', 'rust', 'provided'] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

export interface FunctionConfig {
  readonly runtime: RuntimeName;
  /**
   * Relative to the artifact. Node.js and Python: `file.export`, for example `dist/api.handler`. Rust: a source file (`main.rs`),
   * `Cargo.toml`, or a program. Provided: what the program `bootstrap` finds in `_HANDLER`.
   */
  readonly handler: string;
  /** Path below `/fn/{environment}/{app}`; a trailing `/*` takes everything below. Null: no requests by HTTP. */
  readonly route: string | null;
  readonly auth: 'none' | 'token';
  /** Milliseconds, 3000 by default, 900000 at most. */
  readonly timeout: number;
  /** Megabytes, 128 by default. */
  readonly memory: number;
  /** Requests one instance works on at the same time, 1 by default; more than 1 with Node.js only. */
  readonly concurrency: number;
  readonly instances: {
    /** Kept up while the version is attached; null: 1 for a release, 0 for a standalone function. */
    readonly min: number | null;
    /** Null: what the server allows. */
    readonly max: number | null;
  };
  /** Calls that may run at the same time over all instances of one host; 0 turns the function off; null: no limit. */
  readonly reserved: number | null;
  /** `none`: an empty network. `open`: the host's, for trusted code only. */
  readonly network: 'none' | 'open';
  /** `host:port` that the function may reach through the egress proxy although its network is empty. */
  readonly egress: readonly string[];
  /** Runs in any tier of isolation. */
  readonly trusted: boolean;
  /** Milliseconds that a result may be given again for the same event; 0: never. */
  readonly cache: number;
  /** Events that a new version has to answer without an error before it may take traffic. */
  readonly smoke: readonly SmokeConfig[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface SmokeConfig {
  /** A request below the application's address, or an event. */
  readonly http: string | null;
  readonly event: unknown;
  /** Status that a request has to be answered with. */
  readonly status: number;
}

/** Name of a stage: given with `name:`, else its kind, made unique with `-2`, `-3` … */
interface StageBase {
  readonly name: string;
  /** Milliseconds; every stage ends. Defaults: run stages 10 m, deploy 2 d, verify 1 m. */
  readonly timeout: number;
  readonly when: 'success()' | 'failure()' | 'always()';
}

export interface RunStageConfig extends StageBase {
  readonly kind: 'run';
  /** The key it was written with: `validate`, `build`, `test` or `run`. */
  readonly label: string;
  readonly run: readonly string[];
  /** Path in the checkout that becomes the release's artifact; only on `build`. */
  readonly artifact: string | null;
  readonly environment: Readonly<Record<string, string>>;
}

export interface DeployStageConfig extends StageBase {
  readonly kind: 'deploy';
  readonly to: string;
}

export interface VerifyStageConfig extends StageBase {
  readonly kind: 'verify';
  readonly in: string;
  /** Path below the application's address in that environment; or commands instead of a probe. */
  readonly http: string | null;
  readonly expect: { readonly status: number; readonly body: string | null };
  readonly run: readonly string[];
  /** Tries before it counts as failed, one second apart. */
  readonly attempts: number;
}

export interface ApproveStageConfig extends StageBase {
  readonly kind: 'approve';
  /** Roles or user names. */
  readonly by: readonly string[];
  readonly quorum: number;
  /** Milliseconds until the request expires. */
  readonly within: number;
  readonly selfApproval: boolean;
}

export type StageConfig = RunStageConfig | DeployStageConfig | VerifyStageConfig | ApproveStageConfig;

export interface EnvironmentConfig {
  readonly target: string;
  readonly strategy: StrategyConfig;
  readonly analysis: AnalysisConfig;
  /** What a second rollout does while one is running. */
  readonly concurrency: 'supersede' | 'queue';
  /** Milliseconds without progress after which a rollout aborts; 10 m. */
  readonly progressDeadline: number;
  readonly environment: Readonly<Record<string, string>>;
  /** `issue`: a rollout that aborts or rolls back opens an issue with its evidence, labelled for the agent. */
  readonly onFailure: 'issue' | null;
}

export type StrategyConfig = RollingConfig | BlueGreenConfig | CanaryConfig;

export interface RollingConfig {
  readonly kind: 'rolling';
  readonly bake: number;
}

export interface BlueGreenConfig {
  readonly kind: 'blueGreen';
  /** Milliseconds of pre-promotion analysis on the preview; 0 = none. */
  readonly preview: number;
  readonly bake: number;
  readonly keepWarm: number;
  readonly autoPromote: boolean;
}

export type CanaryStep =
  | { readonly kind: 'weight'; readonly weight: number }
  /** `duration: null` waits until promoted. */
  | { readonly kind: 'pause'; readonly duration: number | null }
  /** Stays until the analysis has passed once with fresh samples. */
  | { readonly kind: 'analyse' };

export interface CanaryConfig {
  readonly kind: 'canary';
  readonly steps: readonly CanaryStep[];
  readonly bake: number;
  readonly keepWarm: number;
  /** Sticky key of a caller, or none: per request. */
  readonly sticky: { readonly header: string } | { readonly cookie: string } | null;
}

export interface AnalysisConfig {
  readonly metrics: readonly MetricConfig[];
  /** How long a step may stay without data before it pauses for a person. */
  readonly maxWait: number;
}

export interface MetricConfig {
  readonly name: string;
  readonly metric: string;
  readonly provider: string;
  /** At least one of max, min, compare. Fractions for rates, milliseconds for latencies. */
  readonly max: number | null;
  readonly min: number | null;
  /** Between `warn` and `max` (or `min`) the verdict is inconclusive. */
  readonly warn: number | null;
  readonly compare: 'stable' | null;
  /** False-alarm probability of the relative test, 0.02. */
  readonly alpha: number;
  /** Length of one measurement, milliseconds. */
  readonly interval: number;
  readonly initialDelay: number;
  /** Requests of the new version that one measurement needs. */
  readonly minSamples: number;
  readonly tolerateFailures: number;
  readonly dryRun: boolean;
  readonly onFail: 'abort' | 'pause';
  readonly onInconclusive: 'pause' | 'abort';
  readonly onProviderError: 'pause' | 'abort';
  /** Provider errors in a row that are waited out. */
  readonly maxErrors: number;
}
