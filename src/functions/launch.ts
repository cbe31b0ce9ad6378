import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FunctionConfig } from '../config/index.ts';
import type { AliasName, SpawnRequest, VersionSpec } from './port.ts';
import type { LoadMeta } from './runtimes/messages.ts';

/** The worker has the ending of this very file: `.ts` in the repository, `.js` in the compiled package. */
const ENDING = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const WORKER = fileURLToPath(new URL(`./runtimes/nodejs/worker.${ENDING}`, import.meta.url));
const RUNTIMES = fileURLToPath(new URL('./runtimes', import.meta.url));
/** Megabytes of an instance that are not JavaScript heap. */
const OUTSIDE_HEAP = 24;
const LEAST_HEAP = 16;

export interface Launch {
  readonly request: SpawnRequest;
  readonly load: LoadMeta;
}

/** How an instance of one function is started and what it is told to load. */
export function launchOf(alias: AliasName, version: VersionSpec, name: string, config: FunctionConfig): Launch {
  const heap = Math.max(LEAST_HEAP, config.memory - OUTSIDE_HEAP);
  const functionName = `${alias.app}-${name}`;
  return {
    request: {
      argv: [process.execPath, `--max-old-space-size=${heap}`, '--disable-warning=ExperimentalWarning', WORKER],
      cwd: version.artifact,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: tmpdir(), TZ: ':UTC', LANG: 'C.UTF-8' },
      readOnly: [process.execPath, dirname(WORKER), RUNTIMES, version.artifact],
      memory: config.memory,
    },
    load: {
      directory: version.artifact,
      handler: config.handler,
      functionName,
      functionVersion: version.id,
      functionArn: `arn:aws:lambda:local:000000000000:function:${functionName}:${alias.environment}`,
      memory: config.memory,
      variables: {
        AWS_LAMBDA_FUNCTION_NAME: functionName,
        AWS_LAMBDA_FUNCTION_VERSION: version.id,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memory),
        LAMBDA_TASK_ROOT: version.artifact,
        FUNADE_APP: alias.app,
        FUNADE_ENVIRONMENT: alias.environment,
        FUNADE_VERSION: version.id,
        ...version.variables,
        ...config.environment,
      },
    },
  };
}
