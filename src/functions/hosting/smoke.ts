import type { FunctionConfig, SmokeConfig } from '../../config/index.ts';
import { type Outcome, reasonOf } from '../outcome.ts';
import type { Call } from '../pools/call.ts';

export interface SmokeTarget {
  readonly functionName: string;
  readonly config: FunctionConfig;
  readonly invoke: (call: Call) => Promise<Outcome>;
}

/** Runs the smoke tests of one function; resolves with a sentence about the first that failed, or null. */
export type SmokeRunner = (target: SmokeTarget) => Promise<string | null>;

export interface SmokeOptions {
  readonly newRequestId: () => string;
  readonly now: () => number;
  readonly arn: (functionName: string) => string;
  readonly stage: string;
}

export function createSmokeRunner(options: SmokeOptions): SmokeRunner {
  return async function runSmokeTests({ functionName, config, invoke }) {
    for (const [index, test] of config.smoke.entries()) {
      const outcome = await invoke(callOf(test, config, { ...options, functionName }));
      const found = judge(test, outcome);
      if (found !== null) return `smoke test ${index + 1} (${test.http ?? 'event'}): ${found}`;
    }
    return null;
  };
}

function callOf(
  test: SmokeConfig,
  config: FunctionConfig,
  options: SmokeOptions & { readonly functionName: string },
): Call {
  const common = { requestId: options.newRequestId(), arn: options.arn(options.functionName) };
  if (test.http === null)
    return { meta: { kind: 'payload', ...common }, body: Buffer.from(JSON.stringify(test.event)) };
  const [path = '/', query = ''] = test.http.split('?', 2);
  return {
    meta: {
      ...{
        kind: 'http',
        ...common,
        method: 'GET',
        path,
        query,
        routeKey: config.route === null ? '$default' : `ANY ${config.route}`,
        stage: options.stage,
      },
      ...{ sourceIp: '127.0.0.1', time: options.now(), headers: { 'user-agent': 'funade-smoke' }, cookies: [] },
    },
    body: Buffer.alloc(0),
  };
}

/** What speaks against the outcome; null when nothing does. */
function judge(test: SmokeConfig, outcome: Outcome): string | null {
  if (outcome.kind === 'streamed') return null;
  if (outcome.kind !== 'result') return reasonOf(outcome);
  if (test.http === null || outcome.meta.status === test.status) return null;
  return `it answered ${outcome.meta.status}, expected ${test.status}`;
}
