import { type Kysely, sql } from 'kysely';

/**
 * The work of agent tasks: branch, change, plan, usage, who steers, and what the progress comment is. `attention_at`: somebody told of news
 * on the forge. `workspace`: the process whose data directory has the checkout. Memory is what a runner saved to go on with; comments are
 * known by id and digest, so that an edit is news once. `comments_noted`: those that were there at the first claim are known.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table tasks
      add column branch text,
      add column base text,
      add column base_sha text,
      add column head_sha text,
      add column change_number bigint,
      add column change_url text,
      add column change_adopted boolean not null default false,
      add column plan jsonb not null default '[]',
      add column plan_text text,
      add column plan_approved_by text,
      add column note text,
      add column summary text,
      add column detail text,
      add column steps integer not null default 0,
      add column input_tokens bigint not null default 0,
      add column output_tokens bigint not null default 0,
      add column money double precision,
      add column was_assigned boolean not null default false,
      add column paused_at timestamptz,
      add column attention_at timestamptz,
      add column steered_by text,
      add column steer_reason text,
      add column comment_id text,
      add column comment_lost integer not null default 0,
      add column commented_at timestamptz,
      add column workspace text,
      add column comments_noted boolean not null default false,
      drop constraint tasks_ending_check,
      add constraint tasks_ending_check check (ending in
        ('succeeded', 'failed', 'dead', 'cancelled', 'stopped', 'expired', 'paused', 'awaiting_approval'))`.execute(db);
  await sql`
    create table task_memories (
      task text collate "C" primary key references tasks on delete cascade,
      memory text not null,
      saved_at timestamptz not null
    )`.execute(db);
  // `pending`: for the agent, not handed over yet. `context`: was there before, and is part of the prompt.
  await sql`
    create table task_comments (
      task text collate "C" not null references tasks on delete cascade,
      comment text not null,
      digest text not null,
      author text not null,
      body text not null,
      edited boolean not null,
      outcome text not null check (outcome in ('context', 'pending', 'delivered', 'command', 'outsider', 'ignored')),
      at timestamptz not null,
      seen_at timestamptz not null,
      primary key (task, comment, digest)
    )`.execute(db);
  await sql`
    create table task_logs (
      task text collate "C" not null references tasks on delete cascade,
      position bigint generated always as identity,
      at timestamptz not null,
      text text not null,
      primary key (task, position)
    )`.execute(db);
}
