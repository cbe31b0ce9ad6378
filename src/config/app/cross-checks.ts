import { formatDuration } from '../../kernel/index.ts';
import { type Path, addWithNearest } from '../faults.ts';
import type { ReadContext } from './context.ts';
import type { ReadEnvironments } from './environments.ts';
import type { ReadFunctions } from './functions.ts';
import { addAt } from './issues.ts';
import type { PlacedStage } from './pipeline.ts';
import { plannedWait } from './strategy.ts';

interface Sections {
  readonly functions: ReadFunctions;
  readonly environments: ReadEnvironments;
  readonly pipeline: readonly PlacedStage[];
  readonly environmentsPath: Path;
}

/** Faults that lie between sections; each check is named as the rule that it holds. */
export function crossCheck(context: ReadContext, sections: Sections): void {
  stagesReferToDeclaredEnvironments(context, sections);
  deploysOutliveTheirRollouts(context, sections);
  functionTargetsHaveFunctions(context, sections);
}

function stagesReferToDeclaredEnvironments(context: ReadContext, { environments, pipeline }: Sections): void {
  const known = [...environments.keys()];
  for (const { environment } of pipeline) {
    if (environment === null || environments.has(environment.name)) continue;
    const { name, path } = environment;
    const values = { found: JSON.stringify(name) };
    const place = context.document.place(path);
    addWithNearest(context.faults, 'unknownEnvironment', { word: name, known, values, path, place });
  }
}

/** A stage that times out while its rollout pauses by plan could never succeed. */
function deploysOutliveTheirRollouts(context: ReadContext, { environments, pipeline }: Sections): void {
  for (const { path, stage } of pipeline) {
    if (stage?.kind !== 'deploy') continue;
    const environment = environments.get(stage.to);
    const waits = environment === undefined ? 0 : plannedWait(environment.strategy);
    if (waits < stage.timeout) continue;
    const key = [...path, 'timeout'];
    const values = { timeout: formatDuration(stage.timeout), waits: formatDuration(waits), environment: stage.to };
    addAt(context, 'deployTooShort', context.document.has(key) ? key : path, values);
  }
}

function functionTargetsHaveFunctions(
  context: ReadContext,
  { environments, functions, environmentsPath }: Sections,
): void {
  if (functions.size > 0) return;
  for (const [name, environment] of environments) {
    if (environment?.target !== 'functions') continue;
    const path = [...environmentsPath, name];
    context.faults.add('noFunctions', { environment: name }, { path, place: context.document.place(path, 'key') });
  }
}
