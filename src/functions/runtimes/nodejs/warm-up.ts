import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCalls } from './calls.ts';
import { FRAME } from '../frames.ts';
import { loadFunction } from './load.ts';
import type { InvokeMeta } from '../messages.ts';

const CODE = 'export const handler = async (event) => event;';
const COMMON = { requestId: '', remaining: 1000, arn: '' };
const CALLS: readonly InvokeMeta[] = [
  { kind: 'payload', ...COMMON },
  {
    ...{
      kind: 'http',
      ...COMMON,
      method: 'GET',
      path: '/',
      query: 'a=1',
      routeKey: '',
      stage: '',
      sourceIp: '',
      time: 0,
    },
    ...{ headers: { accept: '*/*' }, cookies: ['a=1'] },
  },
];

/**
 * Loads and calls a function of its own, for nobody to see: what the first LOAD and the first call would have to read and to
 * compile is then there. For a process that has time because nobody needs it yet.
 */
export async function warmUp(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), `warm-up-${process.pid}-`));
  try {
    const loaded = await loadFunction({
      directory,
      files: { 'index.mjs': Buffer.from(CODE).toString('base64') },
      ...{ handler: 'index.handler', form: 'module', functionName: '', functionVersion: '', memory: 0 },
      ...{ variables: {}, egress: null },
    });
    for (const meta of CALLS) await call(meta, loaded);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function call(meta: InvokeMeta, loaded: Awaited<ReturnType<typeof loadFunction>>): Promise<void> {
  return new Promise((resolve) => {
    const send = (): boolean => {
      resolve();
      return true;
    };
    const channel = { send, whenTaken: () => {}, end: () => {}, flush: () => {}, hold: () => {} };
    const calls = createCalls({ channel, whenIdle: () => {}, closed: () => {} });
    calls.invoke({ type: FRAME.INVOKE, sequence: 1, meta, body: Buffer.from('{}') }, loaded);
  });
}
