import { type Server, serve } from '../../src/compose.ts';
import { loadServerConfig, processEnvironment } from '../../src/config/index.ts';
import { FunadeError, createLogger, isFunadeError } from '../../src/kernel/index.ts';

/**
 * A server on an empty database, configured by variables of its own over those of the process. On the port that was asked for (8000),
 * or on any free one when that is taken.
 */
export async function startDemoServer(dataDir: string, settings: Readonly<Record<string, string>>): Promise<Server> {
  const environment = {
    FUNADE_LOG_LEVEL: 'error',
    ...processEnvironment(),
    FUNADE_DATA_DIR: dataDir,
    DATABASE_URL: undefined,
    ...settings,
  };
  const start = (port: string | undefined) => {
    const loaded = loadServerConfig({
      flags: {},
      env: { ...environment, ...(port === undefined ? {} : { FUNADE_PORT: port }) },
      readFile: () => undefined,
    });
    if (!loaded.ok)
      throw new FunadeError(
        'FUN_CONFIG_INVALID',
        { file: 'the environment', count: loaded.error.length },
        { faults: loaded.error },
      );
    return serve({ config: loaded.value, logger: createLogger(loaded.value.logLevel) });
  };
  try {
    return await start(undefined);
  } catch (thrown) {
    if (!isFunadeError(thrown) || thrown.code !== 'FUN_PORT_IN_USE') throw thrown;
    return start('0');
  }
}
