import { type Access, type Api, type ApiOptions, createAccess, createApi, createMetrics } from '../src/api/index.ts';
import { silentLogger, systemClock } from '../src/kernel/index.ts';
import type { Role } from '../src/api/contract/index.ts';
import { createTestDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';

export interface TestApi {
  readonly api: Api;
  readonly access: Access;
  readonly database: TestDatabase;
  /** `Authorization` of a user who is named `a-<role>`. */
  bearer(role: Role): Promise<{ readonly authorization: string }>;
  close(): Promise<void>;
}

/**
 * The API on any free port (after `api.listen()`), with healthy rooms behind it; on a database of its own unless the
 * caller shares one.
 */
export async function createTestApi(options: Partial<ApiOptions> = {}, shared?: TestDatabase): Promise<TestApi> {
  const database = shared ?? (await createTestDatabase());
  const clock = options.clock ?? systemClock;
  const access = createAccess({ db: database.db, clock, logger: silentLogger });
  const api = createApi({
    host: '127.0.0.1',
    port: 0,
    logger: silentLogger,
    clock,
    db: database.db,
    access,
    metrics: createMetrics(),
    language: 'en',
    version: '1.2.3',
    webRoot: null,
    resources: [],
    health: { ready: async () => ({ ready: true, reasons: [] }), components: async () => [] },
    eventPollMs: 20,
    ...options,
  });
  return {
    api,
    access,
    database,
    bearer: async (role) => {
      const { token } = await access.createToken({ name: `a-${role}`, role, by: 'owner' });
      return { authorization: `Bearer ${token}` };
    },
    close: async () => {
      await api.close({ deadlineMs: 2000 });
      if (shared === undefined) await database.drop();
    },
  };
}
