import { z } from 'zod';
import { cutMiddle } from '../memory/shorten.ts';
import { count, defineTool, done, refusal } from './port.ts';

const USUAL_SECONDS = 300;
const MOST_SECONDS = 1800;

export const runTool = defineTool({
  name: 'run',
  description:
    'Runs a shell command in the checkout, in a sandbox: to build, to test, to look. It has no terminal and no input, and everything it ' +
    `started ends with it. Output that is long is cut in the middle. Ends after ${USUAL_SECONDS} seconds unless timeout says otherwise.`,
  nature: 'change',
  input: z.object({
    command: z.string().min(1).describe('For sh'),
    timeout: count(`Seconds, at most ${MOST_SECONDS}`),
  }),
  call: async ({ command, timeout = USUAL_SECONDS }, { root, home, cap, signal, runInBox, redact }) => {
    const seconds = Math.min(timeout, MOST_SECONDS);
    const end = await runInBox({ command, cwd: root, home, timeout: seconds * 1000, signal });
    const output = cutMiddle(redact(end.output), cap);
    if (end.kind === 'not_started') return refusal(`The command was not started: ${output}`);
    return done(`[${describe(end.kind, end.code, seconds)}]\n${output}`);
  },
});

function describe(kind: string, code: number | null, seconds: number): string {
  if (kind === 'exited') return `exit status ${code ?? 'unknown'}`;
  if (kind === 'timed_out') return `ended: it took longer than ${seconds} seconds`;
  if (kind === 'flooded') return 'ended: it wrote too much';
  if (kind === 'out_of_memory') return 'ended: it used too much memory';
  return `ended: ${kind}`;
}
