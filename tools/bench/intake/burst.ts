import { startLoadGenerator, throughput } from '../load.ts';
import { peakMemory } from '../processes.ts';
import type { Figure } from '../report.ts';
import { SECTION, withReceiver } from './receiver.ts';

const DELIVERIES = 10_000;
const CONNECTIONS = 500;
/** Milliseconds. */
const WITHIN = 60_000;

/** Far more deliveries at once than are stored in a second, into a server that has just started. */
export async function measureBurst(): Promise<readonly Figure[]> {
  return withReceiver(null, async (receiver) => {
    const generator = startLoadGenerator();
    try {
      const { server } = receiver;
      const order = { connections: CONNECTIONS, duration: WITHIN, rate: null, count: DELIVERIES };
      const result = await generator.round({ ...order, port: server.port, requests: receiver.newIssues() });
      const answered = result.latencies.length;
      if (answered !== DELIVERIES) throw new Error(`${answered} of ${DELIVERIES} were answered within ${WITHIN} ms`);
      const peak = await peakMemory(server.pid);
      await receiver.expectStored(answered);
      const speed = throughput(result).toFixed(0);
      const slowest = Math.max(...result.latencies).toFixed(0);
      return [
        {
          ...{ section: SECTION, name: `burst of ${DELIVERIES} labels, most memory`, unit: 'MB' },
          rounds: [peak],
          target: { limit: 400, kind: 'at_most' },
          note:
            `RSS of the server at its highest, over ${CONNECTIONS} connections; ${speed}/s, the slowest answer took ` +
            `${slowest} ms; all ${answered} were found stored`,
        },
      ];
    } finally {
      await generator.stop();
    }
  });
}
