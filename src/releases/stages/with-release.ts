import { FunadeError } from '../../kernel/index.ts';
import { sealRelease } from '../release.ts';
import { transaction } from '../../store/index.ts';
import { type ReleaseRow, readRelease } from '../store.ts';
import { ensureCheckout, workspaceOf } from '../workspace.ts';
import type { StageContext } from './stage.ts';

/** The run's release. A pipeline whose stages name no artifact ships its whole checkout. */
export async function releaseOf(context: StageContext): Promise<ReleaseRow> {
  const { dependencies, run } = context;
  if (run.release_id !== null) {
    const release = await readRelease(dependencies.db, run.release_id);
    if (release === undefined)
      throw new FunadeError('FUN_NOT_FOUND', { kind: 'release', id: run.release_id, list: 'funade release list' });
    return release;
  }
  await ensureCheckout(context);
  const release = await sealRelease(context, workspaceOf(context).checkout);
  return transaction(dependencies.db, (trx) => release.keep(trx));
}

/** People approve, ship and retry; a push or tag is automation until somebody has approved its run. */
export function initiatorOf(context: Pick<StageContext, 'run'>, approvedBy: readonly string[]) {
  const { trigger } = context.run;
  const kind = trigger.kind === 'push' || trigger.kind === 'tag' ? ('automation' as const) : ('person' as const);
  return { kind, user: trigger.actor, approvedBy };
}
