import { z } from 'zod';
import { sleep } from '../kernel/index.ts';
import {
  type HealthView,
  componentView,
  healthSummary,
  healthView,
  livenessView,
  readinessView,
} from './contract/index.ts';
import { identify } from './guard.ts';
import type { ComponentHealth, HealthSource, Readiness } from './port.ts';
import type { ApiApp } from './app.ts';

const ANSWER_WITHIN_MS = 3000;

const publicComponent = componentView.partial({ detail: true });
const publicHealth = healthView.extend({ components: z.array(publicComponent) });

export interface HealthDeps {
  readonly health: HealthSource;
  readonly version: string;
  /** Whether the server is on its way out: no longer ready for new traffic. */
  readonly closing: () => boolean;
}

/** `/livez` `/readyz` `/healthz` `/health`, all without credentials; the details of `/healthz` only with them. */
export function registerHealth(app: ApiApp, deps: HealthDeps): void {
  app.get('/livez', { schema: { response: { 200: livenessView } } }, () => ({ status: 'ok' as const }));

  app.get('/readyz', { schema: { response: { 200: readinessView, 503: readinessView } } }, async (_, reply) => {
    const { ready, reasons } = await readiness(deps);
    const status = ready ? ('ready' as const) : ('not_ready' as const);
    return reply.code(ready ? 200 : 503).send({ status, reasons: [...reasons] });
  });

  app.get('/health', { schema: { response: { 200: healthSummary, 503: healthSummary } } }, async (_, reply) => {
    const status = overall(await components(deps));
    return reply.code(codeOf(status)).send({ status, version: deps.version });
  });

  const schema = { response: { 200: publicHealth, 503: publicHealth } };
  // Cookies are sent below /api only: the dashboard reads the detail at the second address.
  for (const path of ['/healthz', '/api/v1/health']) {
    app.get(path, { schema }, async (request, reply) => {
      const known = (await identify(request, reply)) !== null;
      const all = await components(deps);
      const shown = all.map(({ name, status, detail }) => (known ? { name, status, detail } : { name, status }));
      const status = overall(all);
      return reply.code(codeOf(status)).send({ status, version: deps.version, components: shown });
    });
  }
}

async function readiness(deps: HealthDeps): Promise<Readiness> {
  if (deps.closing()) return { ready: false, reasons: ['the server is shutting down'] };
  const late = { ready: false, reasons: [`the checks took longer than ${ANSWER_WITHIN_MS} ms`] };
  return within(deps.health.ready(), late);
}

function components(deps: HealthDeps): Promise<readonly ComponentHealth[]> {
  const detail = `no answer within ${ANSWER_WITHIN_MS} ms`;
  return within(deps.health.components(), [{ name: 'health checks', status: 'down', detail }]);
}

async function within<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  const giveUp = new AbortController();
  try {
    return await Promise.race([answer, sleep(ANSWER_WITHIN_MS, giveUp.signal).then(() => otherwise)]);
  } finally {
    giveUp.abort();
  }
}

function overall(all: readonly ComponentHealth[]): HealthView['status'] {
  if (all.some(({ status }) => status === 'down')) return 'down';
  return all.some(({ status }) => status === 'degraded') ? 'degraded' : 'ok';
}

function codeOf(status: HealthView['status']): 200 | 503 {
  return status === 'down' ? 503 : 200;
}
