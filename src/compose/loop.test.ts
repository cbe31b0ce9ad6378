import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, createTestDatabase } from '../../test/database.ts';
import { type AppConfig, parseAppConfig } from '../config/index.ts';
import { FunadeError, silentLogger } from '../kernel/index.ts';
import { type RolloutState, type RolloutRow } from '../rollouts/index.ts';
import { toJson, transaction } from '../store/index.ts';
import { failureOf, loopPorts } from './loop.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await sql`
    insert into apps (name, source, forge, repository, triggers, added_by, project_host, project_id)
    values ('greeter', 'https://x-access-token:pw@github.com/octo/greeter.git', 'github', 'octo/greeter', '{}', 'owner', 'github.com', '7'),
      ('local', '/srv/local', 'local', 'local', '{}', 'owner', null, null)`.execute(database.db);
  await sql`insert into environments (app, name, target) values ('greeter', 'production', 'functions')`.execute(
    database.db,
  );
  for (const number of [1, 2, 3]) await addRelease(number, number === 3 ? null : 'issue');
});
afterAll(() => database.drop());

async function addRelease(number: number, onFailure: 'issue' | null): Promise<void> {
  const commit = { sha: String(number).repeat(40), message: `Change ${number}`, author: 'Aoi', at: 0, ref: 'main' };
  const config = configOf(onFailure);
  await sql`
    insert into releases (id, app, number, commit_sha, commit, range, artifact_digest, config_hash, config, secrets)
    values (${`rel_${number}`}, 'greeter', ${number}, ${commit.sha}, ${toJson(commit)}::jsonb, '[]', 'sha256:0', 'hash', ${toJson(config)}::jsonb, '{}')`.execute(
    database.db,
  );
}

function configOf(onFailure: 'issue' | null): AppConfig {
  const text = `version: 1
app: greeter
functions:
  hello: { runtime: nodejs, handler: index.handler, route: /hello }
pipeline:
  - deploy: { to: production }
environments:
  production: { target: functions, strategy: rolling${onFailure === null ? '' : ', onFailure: issue'} }
`;
  const parsed = parseAppConfig(text, 'funade.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

let rollouts = 0;

type Ended = Partial<Pick<RolloutRow, 'kind' | 'release_id' | 'stable_id' | 'initiator' | 'reason'>> & {
  readonly phase: RolloutRow['phase'];
  readonly back?: string;
};

async function ended({ phase, back, kind = 'deploy', release_id = 'rel_2', ...part }: Ended): Promise<string> {
  rollouts += 1;
  const id = `rollout_${rollouts}`;
  const why = back === undefined ? null : { by: back, reason: 'because', evidence: ['a finding'] };
  const state = { phase, back: why, outcome: why, weightsSeen: [] } as unknown as RolloutState;
  const initiator = part.initiator ?? { kind: 'automation', user: 'github', approvedBy: [] };
  const metrics = [{ name: 'error-rate', verdict: 'fail', condition: 'error-rate ≤ 5%', finding: '20% (4 of 20)' }];
  await sql`
    insert into rollouts (id, app, environment, kind, release_id, stable_id, run_id, initiator, reason, phase, plan, state, metrics, finished_at)
    values (${id}, 'greeter', 'production', ${kind}, ${release_id}, ${part.stable_id === undefined ? 'rel_1' : part.stable_id}, null,
      ${toJson(initiator)}::jsonb, ${part.reason ?? null}, ${phase}, '{}', ${toJson(state)}::jsonb, ${toJson(metrics)}::jsonb, now())`.execute(
    database.db,
  );
  return id;
}

const AUTOMATION = { kind: 'person', user: 'automation', approvedBy: [] } as const;
const PERSON = { kind: 'person', user: 'aoi', approvedBy: [] } as const;

describe('what the end of a rollout is to the loop', () => {
  test.each([
    ['an abort by the analysis', { phase: 'aborted', back: 'automation' }, ['rel_2', 'aborted']],
    ['a way back while baking', { phase: 'rolled_back', back: 'automation' }, ['rel_2', 'rolled_back']],
    ['a way back that failed', { phase: 'rollback_failed', back: 'automation' }, ['rel_2', 'rollback_failed']],
    [
      'a rollback by a stage that verifies: what it replaced has failed',
      { phase: 'rolled_back', kind: 'rollback', release_id: 'rel_1', stable_id: 'rel_2', initiator: AUTOMATION },
      ['rel_2', 'rolled_back'],
    ],
    ['a success', { phase: 'succeeded' }, ['rel_2', 'succeeded']],
    ["a person's abort", { phase: 'aborted', back: 'aoi' }, null],
    [
      "a person's rollback",
      { phase: 'rolled_back', kind: 'rollback', release_id: 'rel_1', stable_id: 'rel_2', initiator: PERSON },
      null,
    ],
    ['a rollout that a newer one made needless', { phase: 'superseded' }, null],
    ['one that was cancelled', { phase: 'cancelled' }, null],
  ] as const)('%s', async (_, end, expected) => {
    const rolloutId = await ended(end);
    const failure = await transaction(database.db, (trx) => failureOf(trx, rolloutId));
    expect(failure === null ? null : [failure.releaseId, failure.outcome]).toEqual(expected);
  });
});

describe('what the loop asks of other rooms', () => {
  const older = new Map([
    ['rel_1', ['rel_2', 'rel_3']],
    ['rel_2', ['rel_3']],
  ]);
  let lost = false;
  const ports = () =>
    loopPorts({
      db: database.db,
      logger: silentLogger,
      source: {
        fetchMirror: () => Promise.resolve({ changed: false }),
        commitsBetween: (_, from, to) => Promise.resolve([{ sha: to, message: `from ${from?.slice(0, 1)}` }]),
        readCommit: (_, sha) => Promise.resolve({ sha, message: '', author: 'Mona', at: 0 }),
      },
      logs: {
        list: ({ version }) =>
          Promise.resolve([
            {
              app: 'greeter',
              environment: 'production',
              function: 'hello',
              version: version ?? '',
              stream: 'stderr',
              requestId: null,
              text: 'Error: full\n    at handler with s3cr3t-value',
              at: 0,
              position: 1,
            },
          ]),
      },
      secrets: {
        openAll: () => Promise.resolve([{ app: 'greeter', value: 's3cr3t-value' } as never]),
      },
      sources: {
        homeOf: (host) => (host === 'github.com' ? 'github' : null),
        forgeOf: () => null,
      },
      catalog: {
        isOlder: (a, b) => {
          if (lost)
            return Promise.reject(new FunadeError('FUN_GIT_REF_MISSING', { app: 'greeter', ref: 'x', near: '' }));
          return Promise.resolve(older.get(a)?.includes(b) ?? false);
        },
      },
    });

  test('whether an environment wants issues is what the release itself says', async () => {
    const wants = (releaseId: string, environment: string) =>
      transaction(database.db, (trx) =>
        ports().wantsIssue(trx, { rolloutId: 'r', app: 'greeter', environment, releaseId }),
      );
    expect(await wants('rel_2', 'production')).toBe(true);
    expect(await wants('rel_3', 'production')).toBe(false);
    expect(await wants('rel_2', 'staging')).toBe(false);
    expect(await wants('unknown', 'production')).toBe(false);
  });

  test('a release is since itself and what came before it', async () => {
    const { isSince } = ports();
    expect(await isSince('rel_2', 'rel_2')).toBe(true);
    expect(await isSince('rel_2', 'rel_3')).toBe(true);
    expect(await isSince('rel_2', 'rel_1')).toBe(false);
    expect(await isSince('rel_2', 'unknown')).toBe(false);
  });

  test('where the history is lost, the order of the releases decides', async () => {
    lost = true;
    try {
      const { isSince } = ports();
      expect(await isSince('rel_2', 'rel_3')).toBe(true);
      expect(await isSince('rel_3', 'rel_2')).toBe(false);
    } finally {
      lost = false;
    }
  });

  test('issues are kept where the repository is', async () => {
    const { repositoryOf } = ports();
    expect(await repositoryOf('greeter')).toEqual({
      source: 'github',
      repository: { id: '7', fullName: 'octo/greeter' },
    });
    expect(await repositoryOf('local')).toBeNull();
    expect(await repositoryOf(`app-${randomBytes(4).toString('hex')}`)).toBeNull();
  });

  test('evidence is gathered from rollout, release, git and functions, without the secrets of the application', async () => {
    const rolloutId = await ended({ phase: 'aborted', back: 'automation' });
    expect(await ports().evidence(rolloutId)).toMatchObject({
      app: 'greeter',
      environment: 'production',
      release: { number: 2, message: 'Change 2' },
      stable: { number: 1 },
      outcome: 'aborted',
      reason: 'because',
      findings: ['a finding'],
      metrics: [{ name: 'error-rate', value: '20% (4 of 20)', limit: 'error-rate ≤ 5%', verdict: 'fail' }],
      commits: [{ sha: '2'.repeat(40), subject: 'from 1', author: 'Mona' }],
      logs: ['hello stderr: Error: full', 'hello stderr:     at handler with ***'],
    });
    expect(await ports().evidence('unknown')).toBeNull();
  });

  test('of a rollback the release that it replaced is the failed one', async () => {
    const rolloutId = await ended({
      phase: 'rolled_back',
      kind: 'rollback',
      release_id: 'rel_1',
      stable_id: 'rel_2',
      initiator: AUTOMATION,
      reason: 'verification of run run_1 failed',
    });
    expect(await ports().evidence(rolloutId)).toMatchObject({
      release: { number: 2 },
      stable: { number: 1 },
      reason: 'verification of run run_1 failed',
    });
  });
});
