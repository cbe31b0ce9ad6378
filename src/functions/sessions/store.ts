import { type Generated, sql } from 'kysely';
import type { Db } from '../../store/index.ts';

type SessionTables = {
  function_sessions: {
    id: string;
    function: string;
    version: number;
    context: string;
    affinity: boolean;
    created_by: string;
    created_at: Date;
    expires_at: Date;
    ends_at: Date;
    last_used_at: Date | null;
    executions: Generated<number>;
    errors: Generated<number>;
  };
};

export interface SessionRow {
  readonly id: string;
  readonly function: string;
  readonly version: number;
  /** JSON as it was sent. */
  readonly context: string;
  readonly affinity: boolean;
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly ends_at: Date;
  readonly last_used_at: Date | null;
  readonly executions: number;
  readonly errors: number;
}

function tables(db: Db) {
  return db.withTables<SessionTables>();
}

export async function insertSession(db: Db, session: Omit<SessionRow, 'executions' | 'errors'>): Promise<void> {
  await tables(db).insertInto('function_sessions').values(session).execute();
}

export function readSession(db: Db, id: string): Promise<SessionRow | undefined> {
  return tables(db).selectFrom('function_sessions').selectAll().where('id', '=', id).executeTakeFirst();
}

export interface SessionUse {
  readonly id: string;
  readonly expiresAt: number;
  readonly usedAt: number;
  readonly executions: number;
  readonly errors: number;
}

/** Adds up what hosts have counted; the latest expiry stays. */
export async function recordUses(db: Db, uses: readonly SessionUse[]): Promise<void> {
  if (uses.length === 0) return;
  const rows = JSON.stringify(uses, ['id', 'expiresAt', 'usedAt', 'executions', 'errors']);
  await sql`
    update function_sessions s set
      expires_at = greatest(s.expires_at, to_timestamp(u."expiresAt" / 1000.0)),
      last_used_at = greatest(coalesce(s.last_used_at, s.created_at), to_timestamp(u."usedAt" / 1000.0)),
      executions = s.executions + u.executions,
      errors = s.errors + u.errors
    from jsonb_to_recordset(${rows}::jsonb)
      as u (id text, "expiresAt" float8, "usedAt" float8, executions int, errors int)
    where s.id = u.id`.execute(tables(db));
}

/** Forgets sessions a day after their end, so that asking for one still tells that it has expired. */
export async function pruneSessions(db: Db): Promise<void> {
  await sql`delete from function_sessions where expires_at < clock_timestamp() - interval '1 day'`.execute(tables(db));
}
