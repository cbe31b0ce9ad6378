import { type Kysely, sql } from 'kysely';

/**
 * Issues that Funade opened because a release failed: one for each failing release of an environment. `opening` and `closing` are intents; the
 * driver of the queue makes them true. `rollouts`: those that failed, in their order, of which `told` are on the forge. `successes`: releases
 * that baked there since and have not yet been compared with the failed one. `number` is null until the forge has answered.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table loop_issues (
      id text collate "C" primary key,
      app text not null,
      environment text not null,
      release text not null,
      rollouts text[] not null,
      told integer not null default 0,
      successes text[] not null default '{}',
      source text,
      project text,
      project_id text,
      number bigint,
      url text,
      state text not null check (state in ('opening', 'open', 'closing', 'closed', 'failed')),
      reason text,
      evidence jsonb,
      labelled boolean not null,
      closed_by text,
      troubles integer not null default 0,
      trouble_since timestamptz,
      opened_at timestamptz not null,
      closed_at timestamptz,
      unique (app, environment, release)
    )`.execute(db);
  await sql`create index loop_issues_of on loop_issues (app, environment, state)`.execute(db);
  await sql`create index loop_issues_subject on loop_issues (source, project_id, number)`.execute(db);
}
