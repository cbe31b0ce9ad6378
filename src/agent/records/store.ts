import { sql } from 'kysely';
import { type Db, type Trx, toJson } from '../../store/index.ts';
import type { PlanItem } from '../port.ts';

/** What a task keeps besides its state: branch, change, plan, usage, comment, memory and log. Written by the holder of this fence. */
export interface Holder {
  readonly id: string;
  readonly fence: number;
}

function isOne({ numAffectedRows }: { readonly numAffectedRows?: bigint }): boolean {
  return numAffectedRows === 1n;
}

export async function recordWorkspace(
  db: Db | Trx,
  { id, fence }: Holder,
  work: { readonly branch: string; readonly base: string; readonly baseSha: string; readonly worker: string },
): Promise<boolean> {
  return isOne(
    await sql`
      update tasks set branch = ${work.branch}, base = ${work.base}, base_sha = ${work.baseSha}, workspace = ${work.worker}
      where id = ${id} and fence = ${fence}`.execute(db),
  );
}

/** The branch on the remote has this commit. */
export async function recordHead(db: Db | Trx, { id, fence }: Holder, sha: string): Promise<boolean> {
  return isOne(await sql`update tasks set head_sha = ${sha} where id = ${id} and fence = ${fence}`.execute(db));
}

export async function recordChange(
  db: Db | Trx,
  { id, fence }: Holder,
  change: { readonly number: number; readonly url: string; readonly adopted: boolean },
): Promise<boolean> {
  return isOne(
    await sql`
      update tasks set change_number = ${change.number}, change_url = ${change.url}, change_adopted = ${change.adopted}
      where id = ${id} and fence = ${fence}`.execute(db),
  );
}

export async function recordSummary(db: Db | Trx, { id, fence }: Holder, summary: string): Promise<boolean> {
  return isOne(await sql`update tasks set summary = ${summary} where id = ${id} and fence = ${fence}`.execute(db));
}

export async function recordDetail(db: Db | Trx, { id, fence }: Holder, detail: string | null): Promise<boolean> {
  return isOne(await sql`update tasks set detail = ${detail} where id = ${id} and fence = ${fence}`.execute(db));
}

/** The plan waits for approval; the checkout is free again, and what was found out stays in the memory. */
export async function recordPlan(
  trx: Trx,
  { id, fence }: Holder,
  plan: { readonly text: string; readonly items: readonly PlanItem[] },
): Promise<boolean> {
  return isOne(
    await sql`
      update tasks set plan_text = ${plan.text}, plan = ${toJson(plan.items)}::jsonb, workspace = null
      where id = ${id} and fence = ${fence} and state in ('claimed', 'running') and ending is null`.execute(trx),
  );
}

export async function recordProgress(
  db: Db | Trx,
  { id, fence }: Holder,
  said: {
    readonly plan: readonly PlanItem[] | null;
    readonly note: string | null;
    readonly steps: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly money: number | null;
  },
): Promise<boolean> {
  const plan = said.plan === null ? null : toJson(said.plan);
  return isOne(
    await sql`
      update tasks set plan = coalesce(${plan}::jsonb, plan), note = coalesce(${said.note}, note),
        steps = steps + ${said.steps}, input_tokens = input_tokens + ${said.inputTokens},
        output_tokens = output_tokens + ${said.outputTokens},
        money = case when ${said.money}::float8 is null then money else coalesce(money, 0) + ${said.money}::float8 end
      where id = ${id} and fence = ${fence}`.execute(db),
  );
}

/** The next attempt begins anew: what the last one remembered and left in its tree led nowhere. */
export async function forgetWork(trx: Trx, { id, fence }: Holder): Promise<void> {
  await sql`
    update tasks set workspace = null, head_sha = null, note = null, plan = case when plan_approved_by is null then '[]' else plan end
    where id = ${id} and fence = ${fence}`.execute(trx);
  await sql`delete from task_memories where task = ${id}`.execute(trx);
}

/** False when the fence is stale: what an earlier holder remembers is not kept. */
export async function saveMemory(
  trx: Trx,
  { id, fence }: Holder,
  { memory, now }: { readonly memory: string; readonly now: number },
): Promise<boolean> {
  return isOne(
    await sql`
      insert into task_memories (task, memory, saved_at)
      select id, ${memory.replaceAll('\0', '\uFFFD')}, ${new Date(now)} from tasks where id = ${id} and fence = ${fence}
      on conflict (task) do update set memory = excluded.memory, saved_at = excluded.saved_at`.execute(trx),
  );
}

export async function readMemory(db: Db | Trx, task: string): Promise<string | null> {
  const { rows } = await sql<{ memory: string }>`select memory from task_memories where task = ${task}`.execute(db);
  return rows[0]?.memory ?? null;
}

/** The progress comment as it is on the forge now. */
export async function recordComment(
  db: Db | Trx,
  { id, fence }: Holder,
  comment: { readonly id: string; readonly lost: number; readonly now: number },
): Promise<boolean> {
  return isOne(
    await sql`
      update tasks set comment_id = ${comment.id}, comment_lost = ${comment.lost}, commented_at = ${new Date(comment.now)}
      where id = ${id} and fence = ${fence}`.execute(db),
  );
}

/** Characters of a task's log so far. */
export async function logLength(db: Db | Trx, task: string): Promise<number> {
  const { rows } = await sql<{ length: number }>`
    select coalesce(sum(length(text)), 0)::int8 as length from task_logs where task = ${task}`.execute(db);
  return rows[0]?.length ?? 0;
}

export async function appendTaskLog(db: Db, task: string, { text, now }: { text: string; now: number }): Promise<void> {
  await sql`
    insert into task_logs (task, at, text) values (${task}, ${new Date(now)}, ${text.replaceAll('\0', '\uFFFD')})`.execute(
    db,
  );
}

/** Pieces of a log after a position, oldest first. */
export async function readTaskLog(
  db: Db,
  task: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly { readonly position: number; readonly text: string }[]> {
  const { rows } = await sql<{ position: number; text: string }>`
    select position, text from task_logs where task = ${task} and position > ${after} order by position limit ${limit}`.execute(
    db,
  );
  return rows;
}
