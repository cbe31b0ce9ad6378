import { findHandler } from '../runtimes/nodejs/handler-file.ts';
import { type Code, KIT, type Language } from './language.ts';

const NODE = '/opt/nodejs/node';
/** Megabytes of an instance that are not JavaScript heap. */
const OUTSIDE_HEAP = 24;
const LEAST_HEAP = 16;
/** What V8 says before SIGABRT; the kernel ends a process with SIGKILL instead, and says so elsewhere. */
const OUT_OF_MEMORY = /^FATAL ERROR: .*JavaScript heap out of memory/;

/** Node.js: the program that Funade itself runs on. */
export function createNodejs(kit: () => Promise<string>): Language {
  return {
    name: 'nodejs',
    isGeneric: true,
    source: { file: 'index.mjs', handler: 'index.handler' },
    scriptFile: 'script.js',
    isOutOfMemory: (line) => OUT_OF_MEMORY.test(line),
    status: () => Promise.resolve({ available: true, version: process.versions.node }),
    check: checkHandler,
    build: ({ directory, handler }) => Promise.resolve({ directory, handler }),
    start: async ({ memory }) => {
      const heap = Math.max(LEAST_HEAP, memory - OUTSIDE_HEAP);
      return {
        argv: [NODE, `--max-old-space-size=${heap}`, ...FLAGS, `${KIT}/nodejs/worker.js`],
        env: ENVIRONMENT,
        mounts: [
          { path: NODE, source: process.execPath },
          { path: KIT, source: await kit() },
        ],
      };
    },
  };
}

/** One helper thread of V8: more of them count against the box's processes and make nothing faster on one core's worth of work. */
const FLAGS = ['--v8-pool-size=1', '--disable-warning=ExperimentalWarning'];
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', TZ: ':UTC', LANG: 'C.UTF-8' };

function checkHandler({ directory, handler, form }: Code): string | null {
  if (form === 'script') return null;
  const place = findHandler(directory, handler);
  return place.found ? null : place.reason;
}
