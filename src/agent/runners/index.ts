import type { Runner } from '../port.ts';
import { noopRunner } from './noop.ts';

/** What can work on a task, by the name in the configuration. */
export const runners: ReadonlyMap<string, Runner> = new Map([[noopRunner.id, noopRunner]]);
