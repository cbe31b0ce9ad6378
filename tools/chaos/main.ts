import { messageOf } from '../../src/kernel/index.ts';
import { USAGE, readOptions } from './options.ts';
import { isPassed, reportOf } from './report.ts';
import { runChaos } from './run.ts';

async function main(): Promise<number> {
  let options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (thrown) {
    console.error(`${messageOf(thrown)}\n\n${USAGE}`);
    return 2;
  }
  console.error(`chaos with seed ${options.seed}`);
  const begun = Date.now();
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  const say = (text: string) => console.error(`${((Date.now() - begun) / 1000).toFixed(1).padStart(7)} s  ${text}`);
  const result = await runChaos(options, { say, signal: interrupted.signal });
  for (const line of reportOf(result)) console.log(line);
  return isPassed(result) ? 0 : 1;
}

process.exitCode = await main();
