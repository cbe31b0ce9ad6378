import type { Figure } from '../report.ts';
import { measureLabels } from './labels.ts';
import { measureOverhead } from './overhead.ts';

/** Agent tasks on forges of our own: how soon they begin, and what Funade costs around an agent. */
export async function measureAgent(): Promise<readonly Figure[]> {
  return [...(await measureLabels()), ...(await measureOverhead())];
}
