import { type FunctionAliasView, functionAliasView } from '../../api/contract/index.ts';
import { type Client, ProblemError, segment } from '../client.ts';
import type { Context } from '../context.ts';
import { weightsText } from '../render/fn-lists.ts';

export interface Pointing {
  readonly name: string;
  readonly alias: string;
  /** One version, or two with the candidate last. */
  readonly weights: FunctionAliasView['weights'];
  /** The revision that the alias has to have; 0: it must not be there. */
  readonly ifRevision?: number | undefined;
}

/** Points an alias to other versions. How it keeps callers on one version stays as it is. */
export async function pointAlias(context: Context, pointing: Pointing): Promise<FunctionAliasView> {
  const { weights, ifRevision } = pointing;
  const client = await context.client();
  const [only] = weights;
  const target = weights.length === 1 && only?.weight === 100 ? { version: only.version } : { weights };
  try {
    return await client.put(aliasPath(pointing), target, {
      schema: functionAliasView,
      ...(ifRevision === undefined ? {} : { headers: { 'if-match': `"${ifRevision}"` } }),
    });
  } catch (thrown) {
    if (!(thrown instanceof ProblemError) || thrown.problem.status !== 412) throw thrown;
    throw changedMeanwhile(context, { problem: thrown, pointing, present: await readAlias(client, pointing) });
  }
}

export function aliasPath({ name, alias }: Pick<Pointing, 'name' | 'alias'>): string {
  return `/api/v1/functions/${segment(name)}/aliases/${segment(alias)}`;
}

/** The command that points the alias so. */
export function pointCommand({ name, alias, weights }: Pointing): string {
  const [only] = weights;
  const isOne = weights.length === 1 && only?.weight === 100;
  const versions = isOne ? only.version : weights.map(({ version, weight }) => `${version}=${weight}`).join(' ');
  return `funade fn alias ${name} ${alias} ${versions}`;
}

async function readAlias(client: Client, pointing: Pointing): Promise<FunctionAliasView | undefined> {
  try {
    return await client.get(aliasPath(pointing), functionAliasView);
  } catch (thrown) {
    if (thrown instanceof ProblemError && thrown.problem.status === 404) return undefined;
    throw thrown;
  }
}

/** What the alias is now, and the commands to look and to decide again with. */
function changedMeanwhile(
  { text }: Context,
  found: {
    readonly problem: ProblemError;
    readonly pointing: Pointing;
    readonly present: FunctionAliasView | undefined;
  },
): ProblemError {
  const { problem, pointing, present } = found;
  const { name, alias } = pointing;
  const revision = present?.revision ?? 0;
  const fix =
    present === undefined
      ? text('fn.aliasGone', { alias: `${name}:${alias}` })
      : text('fn.aliasChanged', { alias: `${name}:${alias}`, weights: weightsText(present.weights), revision });
  const look = { command: `funade fn alias ${name}${present === undefined ? '' : ` ${alias}`}` };
  const again = { command: `${pointCommand(pointing)} --if-revision ${revision}` };
  return new ProblemError({ ...problem.problem, fix, next: [look, again] }, problem.details);
}
