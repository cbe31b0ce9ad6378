import { z } from 'zod';
import { ProblemError, segment } from '../client.ts';
import type { Context } from '../context.ts';

/**
 * Throws the server's "not found" where neither a function nor an application has the name: an empty list of a name that
 * does not exist is no answer. What the server can't or won't tell stays an empty list.
 */
export async function requireKnown(context: Context, name: string): Promise<void> {
  const client = await context.client();
  try {
    await client.get(`/api/v1/functions/${segment(name)}/logs`, z.unknown(), { limit: 1 });
  } catch (thrown) {
    if (thrown instanceof ProblemError && thrown.problem.status === 404) throw thrown;
  }
}
