import { type Kysely, sql } from 'kysely';

/**
 * Agent tasks: one row for each time a subject (issue or change) was handed to the agent, at most one of them alive. `fence` is the
 * number of the lease that may write; whoever holds an older one is refused. `took_label`: moving the label from "trigger" to
 * "processing" was begun. `ending`: the end that was decided, while labels and comment are still on their way to say so.
 * `failures` counts attempts that failed by the agent or with their process, `troubles` what may pass by itself.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table tasks (
      id text collate "C" primary key,
      source text not null,
      forge text not null,
      host text not null,
      project_id text not null,
      project text not null,
      kind text not null check (kind in ('issue', 'change')),
      number bigint not null,
      generation integer not null check (generation > 0),
      state text not null check (state in ('queued', 'claimed', 'running', 'pausing', 'paused', 'stopping', 'stopped',
        'awaiting_approval', 'succeeded', 'failed', 'dead', 'cancelled', 'expired')),
      reason text,
      title text not null,
      url text not null,
      label text not null,
      actor text not null,
      actor_id text,
      via text not null check (via in ('webhook', 'poll', 'retry')),
      triggered_by text not null check (triggered_by in ('opened', 'label_added', 'retry')),
      delivery_id text,
      error_id text,
      took_label boolean not null default false,
      ending text check (ending in ('succeeded', 'failed', 'dead', 'cancelled')),
      attempts integer not null default 0,
      failures integer not null default 0,
      troubles integer not null default 0,
      trouble_since timestamptz,
      fence bigint not null default 0,
      worker text,
      triggered_at timestamptz,
      queued_at timestamptz not null,
      not_before timestamptz,
      claimed_at timestamptz,
      ended_at timestamptz,
      unique (forge, host, project_id, kind, number, generation)
    )`.execute(db);
  await sql`
    create unique index tasks_alive on tasks (forge, host, project_id, kind, number)
      where state in ('queued', 'claimed', 'running', 'pausing', 'paused', 'stopping', 'awaiting_approval')`.execute(
    db,
  );
  await sql`
    create table task_attempts (
      task text collate "C" not null references tasks,
      number integer not null check (number > 0),
      worker text not null,
      fence bigint not null,
      started_at timestamptz not null,
      ended_at timestamptz,
      outcome text check (outcome in ('succeeded', 'failed', 'cancelled', 'lost')),
      reason text,
      error_id text,
      primary key (task, number)
    )`.execute(db);
}
