import type { Migration } from 'kysely/migration';
import * as events from './0001-events.ts';
import * as work from './0002-work.ts';
import * as access from './0003-access.ts';
import * as intake from './0004-intake.ts';
import * as releases from './0005-releases.ts';
import * as rollouts from './0006-rollouts.ts';
import * as functions from './0007-functions.ts';
import * as runTrouble from './0008-run-trouble.ts';
import * as standaloneFunctions from './0009-standalone-functions.ts';
import * as tokenScopesAndSecrets from './0010-token-scopes-and-secrets.ts';
import * as sources from './0011-sources.ts';
import * as tasks from './0012-tasks.ts';
import * as outbox from './0013-outbox.ts';
import * as agentWork from './0014-agent-work.ts';
import * as loop from './0015-loop.ts';
import * as releasedArtifacts from './0016-released-artifacts.ts';

/** Applied in the order of their names; a migration that has landed is never edited. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-events': events,
  '0002-work': work,
  '0003-access': access,
  '0004-intake': intake,
  '0005-releases': releases,
  '0006-rollouts': rollouts,
  '0007-functions': functions,
  '0008-run-trouble': runTrouble,
  '0009-standalone-functions': standaloneFunctions,
  '0010-token-scopes-and-secrets': tokenScopesAndSecrets,
  '0011-sources': sources,
  '0012-tasks': tasks,
  '0013-outbox': outbox,
  '0014-agent-work': agentWork,
  '0015-loop': loop,
  '0016-released-artifacts': releasedArtifacts,
};
