/**
 * The spawner: a small process that starts workers for a server. Forking a large process stops its event loop for as long as it
 * takes to copy its page tables (25 ms at 1 GB); forking this one does not. It is the only part that needs root, and when it or
 * its server ends, all boxes end.
 */
import type { SendHandle } from 'node:child_process';
import { isFunadeError, messageOf } from '../../kernel/index.ts';
import { createLedger } from '../boxes/leftovers.ts';
import { identify } from '../boxes/processes.ts';
import { createTreeWatch } from '../boxes/tree-watch.ts';
import { openCgroups } from '../cgroups/cgroups.ts';
import { createSlots } from '../isolation/slots.ts';
import type { WorkerRequest } from '../port.ts';
import { type Box, type BoxMeans, openBox } from './box.ts';
import type { Pipe } from './handles.ts';
import type { FromSpawner, SpawnerOrder, ToSpawner } from './protocol.ts';
import { closeInherited } from './inherited.ts';
import { createStage } from './stage.ts';
import { makeSystemTree } from './system-tree.ts';

const order = JSON.parse(process.argv[2] ?? '{}') as SpawnerOrder;
const boxes = new Map<string, Box>();
/** Boxes that are being made, and those of them that are not wanted any more. */
const starting = new Set<string>();
const unwanted = new Set<string>();

function tell(message: FromSpawner): void {
  if (process.connected) process.send?.(message);
}

/** The descriptor is the server's from then on. */
function pass(message: FromSpawner, pipe: Pipe): void {
  if (process.connected) process.send?.(message, pipe as unknown as SendHandle, {}, () => pipe.close());
}

function note(message: string, facts: Readonly<Record<string, unknown>>): void {
  tell({ kind: 'note', message, facts });
}

async function prepare(): Promise<BoxMeans> {
  const { isolation, stateDir } = order;
  const logger = { warn: (facts: object, message: string) => note(message, { ...facts }) };
  return {
    isolation,
    cgroups: openCgroups(identify(process.pid)),
    slots: createSlots(isolation.firstUser ?? 0),
    stage: isolation.firstUser === null ? null : createStage(`${process.pid}`),
    ledger: createLedger(stateDir, logger),
    treeWatch: createTreeWatch(),
    systemTree: isolation.bubblewrap === null ? [] : await makeSystemTree(stateDir),
    note,
  };
}

async function spawn(means: BoxMeans, id: string, request: WorkerRequest): Promise<void> {
  starting.add(id);
  try {
    const box = await openBox(means, id, request);
    boxes.set(id, box);
    if (unwanted.has(id)) box.kill();
    tellStarted(id, box);
    const exit = await box.exited;
    boxes.delete(id);
    tell({ kind: 'exited', id, exit });
  } catch (thrown) {
    const values = isFunadeError(thrown) ? thrown.values : {};
    const command = String(values['command'] ?? request.argv[0] ?? '');
    tell({ kind: 'failed', id, command, reason: String(values['reason'] ?? messageOf(thrown)) });
  } finally {
    starting.delete(id);
    unwanted.delete(id);
  }
}

function tellStarted(id: string, { child, pipes, cgroup }: Box): void {
  const groups = { freezer: cgroup?.freezer ?? null, members: cgroup?.members ?? null };
  pass({ kind: 'started', id, pid: child.pid ?? 0, ...groups }, pipes.channel);
  pass({ kind: 'stream', id, name: 'stdout' }, pipes.stdout);
  pass({ kind: 'stream', id, name: 'stderr' }, pipes.stderr);
}

function kill(id: string): void {
  const box = boxes.get(id);
  if (box !== undefined) box.kill();
  else if (starting.has(id)) unwanted.add(id);
}

closeInherited();
const preparing = prepare();
process.on('message', (message: ToSpawner) => {
  if (message.kind === 'spawn') void preparing.then((means) => spawn(means, message.id, message.request));
  else void preparing.then(() => kill(message.id));
});
process.once('disconnect', () => {
  for (const box of boxes.values()) box.kill();
  process.exit(0);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {}); // the server decides
await preparing;
tell({ kind: 'ready' });
