import type { Agent } from '../agent/index.ts';
import type { AgentView } from './contract/index.ts';
import type { Clock } from '../kernel/index.ts';
import type { Intake, Sources } from '../intake/index.ts';
import type { Releases } from '../releases/index.ts';
import type { Rollouts } from '../rollouts/index.ts';
import type { Db, SecretStore } from '../store/index.ts';

export interface Traffic {
  readonly app: string;
  readonly environment: string;
  readonly requestsPerSecond: number;
  readonly errorShare: number | null;
  readonly latencyP95: number | null;
}

/** The rooms behind the resources. */
export interface ControlPlane {
  readonly db: Db;
  readonly clock: Clock;
  readonly releases: Releases;
  readonly rollouts: Rollouts;
  readonly intake: Intake;
  readonly agent: Agent;
  /** What agents work with, looked at now. */
  agentSetup(): Promise<AgentView>;
  readonly sources: Sources;
  readonly secrets: SecretStore;
  /** Traffic of the last minute, of environments that had any. */
  traffic(): Promise<readonly Traffic[]>;
}
