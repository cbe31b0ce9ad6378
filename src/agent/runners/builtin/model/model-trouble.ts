import { APICallError } from 'ai';
import { messageOf } from '../../../../kernel/index.ts';
import { retryAt } from '../../../model/retry-after.ts';
import type { RunnerEnd } from '../../../port.ts';

type Failed = Extract<RunnerEnd, { kind: 'failed' }>;

/** What a call of the model that threw means for the run. */
export type ModelTrouble =
  /** Asking again at once may help. `end`: what the run fails with when it does not. */
  | { readonly kind: 'passing'; readonly end: Failed }
  | { readonly kind: 'final'; readonly end: Failed }
  /** The conversation does not fit into the window. */
  | { readonly kind: 'too_long'; readonly detail: string }
  /** It answered, but with nothing that can be read. */
  | { readonly kind: 'nonsense'; readonly detail: string };

/** As OpenAI, Anthropic, Ollama, LM Studio, vLLM and llama.cpp say it. */
const TOO_LONG =
  /context[ _-]?(length|window|size)|prompt is too long|too many (input )?tokens|maximum (context|number of tokens)|exceeds? .{0,40}(context|max_model_len)|reduce the length/i;
const UNKNOWN_MODEL =
  /model.{0,80}(not found|does not exist|not exist|unknown|not loaded)|(unknown|invalid|no such) model|no models loaded/i;
const NO_CREDIT = /insufficient_quota|exceeded your current quota|credit balance|billing/i;
const LONGEST_DETAIL = 500;

export function modelTrouble(thrown: unknown, now: number): ModelTrouble {
  if (!APICallError.isInstance(thrown)) return withoutStatus(thrown);
  const { statusCode: status } = thrown;
  if (status === undefined) return withoutStatus(thrown);
  const text = `${thrown.message} ${thrown.responseBody ?? ''}`;
  const detail = `HTTP ${status}: ${shorten(thrown.message)}`;
  const at = retryAt(thrown.responseHeaders, now);
  if (status < 300) return { kind: 'nonsense', detail: shorten(thrown.message) };
  if (status === 401 || status === 403) return permanent('model_key_refused', detail);
  if (status === 404) return permanent('model_not_found', detail);
  if (status === 402 || (status === 429 && NO_CREDIT.test(text))) return permanent('model_limited', detail);
  if (status === 429) return { kind: 'final', end: transient('model_limited', detail, at) };
  if (status >= 500 || status === 408 || status === 425 || status === 409) {
    return { kind: 'passing', end: transient('model_unreachable', detail, at) };
  }
  if (status === 413 || TOO_LONG.test(text)) return { kind: 'too_long', detail };
  if (UNKNOWN_MODEL.test(text)) return permanent('model_not_found', detail);
  return permanent('model_refused', detail);
}

/** No HTTP answer came: the network, a timeout, or the client could not make anything of a good answer. */
function withoutStatus(thrown: unknown): ModelTrouble {
  const detail = shorten(messageOf(thrown));
  if (thrown instanceof Error && /InvalidResponseData|JSONParse|TypeValidation|NoOutput/.test(thrown.name)) {
    return { kind: 'nonsense', detail };
  }
  return { kind: 'passing', end: transient('model_unreachable', detail, null) };
}

function permanent(reason: string, detail: string): ModelTrouble {
  return { kind: 'final', end: { kind: 'failed', reason, detail, blame: 'permanent' } };
}

function transient(reason: string, detail: string, at: number | null): Failed {
  return { kind: 'failed', reason, detail, blame: 'transient', at };
}

function shorten(text: string): string {
  return text.length <= LONGEST_DETAIL ? text : `${text.slice(0, LONGEST_DETAIL)}…`;
}
