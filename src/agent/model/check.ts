import type { ModelConfig } from '../../config/index.ts';
import { messageOf } from '../../kernel/index.ts';
import { baseUrlOf, keyHeaders } from './endpoint.ts';

/** `reason` is null when it answers as it should, else a code of tasks. `detail` is for people: HTTP status, or what went wrong. */
export interface ModelStanding {
  readonly reason: 'model_unreachable' | 'model_key_refused' | 'model_limited' | 'model_not_found' | null;
  readonly detail: string;
}

const PATIENCE_MS = 5000;

/** Asks the endpoint for its list of models: that costs nothing, and needs the key. */
export async function checkModel(model: ModelConfig, patience = PATIENCE_MS): Promise<ModelStanding> {
  const base = baseUrlOf(model);
  if (base === null) return { reason: 'model_unreachable', detail: 'no address' };
  try {
    const response = await fetch(
      `${base.href.replace(/\/$/, '')}/models${model.provider === 'anthropic' ? '?limit=1000' : ''}`,
      {
        headers: keyHeaders(model, new Set()).map(([name, value]): [string, string] => [name, value]),
        // A key is for this endpoint and no other.
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      },
    );
    return standingOf(response.status, await response.text(), model.name);
  } catch (thrown) {
    return { reason: 'model_unreachable', detail: causeOf(thrown) };
  }
}

/** Some endpoints list nothing, or models by other names: only a list without the model tells something. */
function standingOf(status: number, body: string, name: string | null): ModelStanding {
  const detail = `HTTP ${status}`;
  if (status === 401 || status === 403) return { reason: 'model_key_refused', detail };
  if (status === 429) return { reason: 'model_limited', detail };
  if (status >= 500) return { reason: 'model_unreachable', detail };
  const listed = idsIn(body);
  if (name === null || listed.length === 0 || listed.some((id) => id === name || id === `${name}:latest`)) {
    return { reason: null, detail };
  }
  return { reason: 'model_not_found', detail: `${detail}, ${listed.length} models` };
}

function idsIn(body: string): readonly string[] {
  try {
    const { data } = JSON.parse(body) as { readonly data?: readonly { readonly id?: unknown }[] };
    return Array.isArray(data) ? data.map(({ id }) => String(id)) : [];
  } catch {
    return [];
  }
}

/** `fetch` says only "fetch failed"; what happened stands in its cause. */
function causeOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (cause instanceof AggregateError) return messageOf(cause.errors[0]);
  return messageOf(cause ?? thrown);
}
