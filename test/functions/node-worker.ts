/** Starts workers of the Node.js runtime as they are installed, with functions written into folders of their own. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from 'vitest';
import type { FaultMeta, LoadOrder } from '../../src/functions/index.ts';
import { type Reply, type WireWorker, startWorker } from './wire.ts';

const RUNTIMES = fileURLToPath(new URL('../../src/functions/runtimes', import.meta.url));
export const NODE_WORKER_SOURCE = join(RUNTIMES, 'nodejs/worker.ts');

export type Files = Readonly<Record<string, string>>;

export interface NodeRig {
  /** A worker that has nothing loaded yet. */
  start(...flags: string[]): WireWorker;
  folder(files: Files): Promise<string>;
  /** A worker with `index.handler` of the files. */
  load(files: Files, order?: Partial<LoadOrder>): Promise<WireWorker>;
  /** A worker with the text as `index.mjs`. */
  module(text: string): Promise<WireWorker>;
  /** A worker with the text as its script. */
  script(text: string, name?: string): Promise<WireWorker>;
  /** What INIT_ERROR says of the files. */
  refusal(files: Files, order?: Partial<LoadOrder>): Promise<FaultMeta>;
}

/** Ends the workers and removes the folders after each test of the file that calls it. */
export function useNodeWorkers(): NodeRig {
  const workers: WireWorker[] = [];
  const folders: string[] = [];
  const kit = createKit();
  afterAll(() => rmSync(kit, { recursive: true, force: true }));
  afterEach(async () => {
    for (const worker of workers.splice(0)) worker.kill();
    for (const each of folders.splice(0)) await rm(each, { recursive: true, force: true });
  });

  function start(...flags: string[]): WireWorker {
    const worker = startWorker([
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      ...flags,
      join(kit, 'nodejs/worker.js'),
    ]);
    workers.push(worker);
    return worker;
  }

  async function folder(files: Files): Promise<string> {
    const root = await mkdtemp(join(tmpdir(), 'funade-node-'));
    folders.push(root);
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
    return root;
  }

  async function attempt(files: Files, order: Partial<LoadOrder>) {
    const worker = start();
    return { worker, outcome: await worker.load({ directory: await folder(files), ...order }) };
  }

  async function load(files: Files, order: Partial<LoadOrder> = {}): Promise<WireWorker> {
    const { worker, outcome } = await attempt(files, order);
    if (outcome.kind === 'error') throw new Error(`${outcome.fault.errorType}: ${outcome.fault.message}`);
    return worker;
  }

  return {
    start,
    folder,
    load,
    module: (text) => load({ 'index.mjs': text }),
    script: (text, name = 'script.js') => load({ [name]: text }, { form: 'script', handler: name }),
    refusal: async (files, order = {}) => {
      const { outcome } = await attempt(files, order);
      if (outcome.kind === 'ready') throw new Error('the code was loaded');
      return outcome.fault;
    },
  };
}

/** The runtime as plain JavaScript, in a folder of its own: what it needs from elsewhere is missing there. */
export function createKit(): string {
  const kit = mkdtempSync(join(tmpdir(), 'funade-kit-'));
  mkdirSync(join(kit, 'nodejs'));
  writeFileSync(join(kit, 'package.json'), '{"type":"module"}');
  const sources = [
    'frames.ts',
    'messages.ts',
    ...readdirSync(join(RUNTIMES, 'nodejs')).map((name) => `nodejs/${name}`),
  ];
  for (const name of sources.filter((each) => /(?<!\.test)\.ts$/.test(each))) {
    const script = stripTypeScriptTypes(readFileSync(join(RUNTIMES, name), 'utf8'));
    writeFileSync(join(kit, name.replace(/\.ts$/, '.js')), script.replace(/'(\.[^']+)\.ts'/g, "'$1.js'"));
  }
  return kit;
}

export function faultOf(reply: Reply): FaultMeta {
  if (reply.kind === 'error') return reply.fault;
  throw new Error(`answered: ${reply.body.toString('utf8')}`);
}
