import { Agent, request } from 'node:http';

/** One request as its sender saw it. */
export interface Sample {
  /** Epoch milliseconds when it was sent. */
  readonly at: number;
  /** 0 when there was no answer at all. */
  readonly status: number;
  /** Release that answered (`x-funade-version`); null when none did. */
  readonly version: string | null;
  /** Whether the fault was the application's own, as opposed to the platform's. */
  readonly byFunction: boolean;
  /** What went wrong, for evidence; null for an answer below 400. */
  readonly fault: string | null;
}

export interface Load {
  readonly samples: readonly Sample[];
  stop(): Promise<void>;
}

const TIMEOUT = 10_000;

/** Sends `rate` requests a second at the address that `url` gives, evenly, over kept-alive connections, until stopped. */
export function startLoad(url: () => string, rate: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const samples: Sample[] = [];
  const open = new Set<Promise<void>>();
  const begun = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begun) / 1000) * rate);
    for (; sent < due; sent += 1) {
      const one = ask(url(), agent).then((sample) => void samples.push(sample));
      open.add(one);
      void one.finally(() => open.delete(one));
    }
  }, 10);
  return {
    samples,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
    },
  };
}

function ask(url: string, agent: Agent): Promise<Sample> {
  const at = Date.now();
  return new Promise((resolve) => {
    const outgoing = request(url, { agent, timeout: TIMEOUT }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', (error) => resolve(unanswered(at, error)));
      answer.on('end', () => {
        const version = answer.headers['x-funade-version'];
        const status = answer.statusCode ?? 0;
        const text = status >= 400 ? Buffer.concat(chunks).toString('utf8') : '';
        resolve({
          at,
          status,
          version: typeof version === 'string' ? version : null,
          byFunction: !isPlatformFault(text),
          fault: status >= 400 ? text.slice(0, 300) : null,
        });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', (error) => resolve(unanswered(at, error)));
    outgoing.end();
  });
}

function unanswered(at: number, error: Error): Sample {
  return { at, status: 0, version: null, byFunction: false, fault: error.message };
}

/** Faults of the platform carry an error code and do not say that the function caused them. */
function isPlatformFault(text: string): boolean {
  return text.includes('"code"') && !/"by"\s*:\s*"function"/.test(text);
}
