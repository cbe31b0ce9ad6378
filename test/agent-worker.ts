import { createAgent } from '../src/agent/index.ts';
import { silentLogger, systemClock } from '../src/kernel/index.ts';
import { createMemoryQueue } from '../src/queue/index.ts';
import { type Connection, connect } from '../src/store/index.ts';
import { FORGES, LABELS } from './agent-labels.ts';
import { createMemoryForge } from './memory-forge.ts';

/**
 * A process that works on tasks until it is killed: its runner never ends. Given the database as JSON, it prints the id of each task
 * that it runs.
 */
const forge = createMemoryForge();
forge.label(1, LABELS.trigger);
const agent = createAgent({
  db: connect(JSON.parse(process.argv[2] ?? '{}') as Connection),
  clock: systemClock,
  logger: silentLogger,
  queue: createMemoryQueue(silentLogger),
  owner: 'process-to-be-killed',
  forges: FORGES,
  forgeOf: () => forge,
  labels: LABELS,
  runner: {
    id: 'endless',
    needsCheckout: false,
    run: ({ task }) => {
      process.stdout.write(`${task.id}\n`);
      return new Promise(() => {});
    },
  },
  slots: 1,
  sweepMs: 50,
  leaseMs: 1000,
});
await agent.start({ alone: false });
