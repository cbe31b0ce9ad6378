import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type ControlPlane, TOKEN, startControlPlane } from './fakes/control-plane.ts';
import { type CliOptions, type CliOutcome, type CliProcess, startCli } from './fakes/terminal.ts';
import type { FunctionAliasView, FunctionVersionView, FunctionView } from '../src/api/contract/index.ts';

export interface FnRig {
  plane(): ControlPlane;
  /** A folder of this test, which commands are typed in. */
  folder(): string;
  start(argv: readonly string[], options?: CliOptions): CliProcess;
  funade(argv: readonly string[], options?: CliOptions): Promise<CliOutcome>;
  /** Requests that change something. */
  acts(): ControlPlane['seen'];
}

/** A fake control plane and a folder for every test of the file. */
export function createFnRig(): FnRig {
  let plane: ControlPlane;
  let folder: string;
  beforeEach(async () => {
    plane = await startControlPlane();
    folder = await mkdtemp(join(tmpdir(), 'funade-fn-'));
  });
  afterEach(async () => {
    await plane.close();
    await rm(folder, { recursive: true, force: true });
  });
  const start: FnRig['start'] = (argv, options = {}) => {
    const environment = { FUNADE_SERVER: plane.address, FUNADE_TOKEN: TOKEN, ...options.environment };
    return startCli(['fn', ...argv], { directory: folder, ...options, environment });
  };
  return {
    plane: () => plane,
    folder: () => folder,
    start,
    funade: (argv, options) => start(argv, options).ended,
    acts: () => plane.seen.filter(({ method }) => method !== 'GET'),
  };
}

const AT = '2026-01-02T03:04:05.000Z';

export function functionOf(name: string, overrides: Partial<FunctionView> = {}): FunctionView {
  return {
    ...{ name, language_title: `nodejs-${name}`, language: 'nodejs', title: name, type: 'function', description: '' },
    ...{ schema: null, examples: [], version: 1, user_id: 'mei', created_at: AT, updated_at: AT },
    ...overrides,
  };
}

export function versionOf(number: number, overrides: Partial<FunctionVersionView> = {}): FunctionVersionView {
  return {
    ...{ number, digest: `sha256:${String(number).repeat(64)}`, form: 'module', fault: null },
    ...{ publishedAt: 0, publishedBy: 'mei' },
    config: { runtime: 'nodejs', handler: 'index.handler', memory: 128, timeout: 3000 },
    ...overrides,
  };
}

export function aliasOf(name: string, overrides: Partial<FunctionAliasView> = {}): FunctionAliasView {
  const weights = [{ version: '1', weight: 100 }];
  return { function: 'calc', name, revision: 1, weights, sticky: null, updatedAt: 0, ...overrides };
}
