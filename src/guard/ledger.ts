import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { type Answer, exchange } from './cluster/exchange.ts';
import { type Random, retrying } from './cluster/retry.ts';
import { isObject, parseObject, reasonOf } from './cluster/status.ts';
import { ApiTrouble } from './cluster/trouble.ts';
import type { Ledger } from './port.ts';

export interface LedgerOptions {
  /** Of the control plane, without `/api`. */
  readonly url: string;
  /** With the role `viewer`; `null`: none. */
  readonly token: string | null;
  readonly random?: Random;
}

const TRY_MS = 2000;
const ANSWER_LIMIT = 256 * 1024;
const ASKED = 'get the artifact from the control plane';

/** The ledger of releases, over the HTTP API of the control plane. Tries again until `signal` ends it. Throws `ApiTrouble`. */
export function createLedger({ url, token, random = Math.random }: LedgerOptions): Ledger & { close(): void } {
  const base = url.replace(/\/+$/, '');
  const options = { keepAlive: true, maxSockets: 8, timeout: 30_000 };
  const agent = base.startsWith('https:') ? new SecureAgent(options) : new Agent(options);
  const headers = { accept: 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };

  async function ask(digest: string, signal: AbortSignal): Promise<boolean> {
    const target = new URL(`${base}/api/v1/artifacts/${encodeURIComponent(digest)}`);
    const outgoing = { url: target, method: 'GET', headers, agent, signal, timeoutMs: TRY_MS, asked: ASKED };
    return releasedOf(await exchange(outgoing, ANSWER_LIMIT));
  }

  return {
    isReleased: async (digest, signal) => {
      // No release has another digest, and the control plane takes the question for a fault.
      if (!digest.startsWith('sha256:')) return false;
      return retrying(() => ask(digest, signal), { signal, random });
    },
    close: () => agent.destroy(),
  };
}

/** An artifact that nobody knows is answered 200 with `released: false`: a 404 is a wrong address, and tells nothing. */
function releasedOf({ status, text }: Answer): boolean {
  if (status !== 200) throw new ApiTrouble(reasonOf(status), `${ASKED}: status ${status}`, { status });
  const body = parseObject(text);
  if (!isObject(body) || typeof body['released'] !== 'boolean') {
    throw new ApiTrouble('malformed', `${ASKED}: the answer is not understood`);
  }
  return body['released'];
}
