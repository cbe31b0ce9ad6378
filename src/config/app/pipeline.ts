import { z } from 'zod';
import type { Path } from '../faults.ts';
import { freeName } from './analysis.ts';
import type { ReadContext } from './context.ts';
import { expecting } from './fields.ts';
import { addAt, hasMisspeltKey, valueAt } from './issues.ts';
import type { StageConfig } from './model.ts';
import { readSection } from './section.ts';
import { type StageAt, readStage } from './stage-reading.ts';
import type { ReadStage, approveSchema, runSchema, verifySchema } from './stages.ts';

/** A stage with the place where it was written; `stage` is `undefined` where it is faulty. */
export interface PlacedStage extends Pick<StageAt, 'path' | 'environment'> {
  readonly stage: StageConfig | undefined;
}

export function readPipeline(context: ReadContext, path: Path): readonly PlacedStage[] {
  const value = valueAt(context.document.value, path);
  if (!Array.isArray(value)) {
    readSection(context, z.array(z.unknown(), expecting('list')), path);
    return [];
  }
  if (value.length === 0) addAt(context, 'tooFew', path);
  const read = value.map((_, index) => readStage(context, [...path, index]));
  addTakenNames(context, read);
  addArtifactFaults(context, read);
  const artifactStage = stageWithDefaultArtifact(read);
  const taken = new Set(read.flatMap(({ stage }) => stage?.body.name ?? []));
  let deployed: string | null = null;
  return read.map(({ path: at, stage, environment }) => {
    if (stage?.kind === 'deploy' || at.at(-1) === 'deploy') deployed = environment?.name ?? '';
    if (stage === undefined) return { path: at, stage, environment };
    const name = stage.body.name ?? freeName(stage.kind, taken);
    taken.add(name);
    const defaults = { name, in: deployed, artifact: at === artifactStage ? '.' : null };
    return { path: at, stage: finishStage(context, at, stage, defaults), environment };
  });
}

function addTakenNames(context: ReadContext, read: readonly StageAt[]): void {
  const seen = new Set<string>();
  for (const { path, stage } of read) {
    const name = stage?.body.name;
    if (name === undefined) continue;
    if (seen.has(name)) addAt(context, 'stageNameTaken', [...path, 'name']);
    seen.add(name);
  }
}

function artifactOf(stage: ReadStage | undefined): string | undefined {
  return stage !== undefined && 'artifact' in stage.body ? stage.body.artifact : undefined;
}

function addArtifactFaults(context: ReadContext, read: readonly StageAt[]): void {
  let named = false;
  for (const { path, stage } of read) {
    if (stage === undefined || artifactOf(stage) === undefined) continue;
    const at = [...path, 'artifact'];
    if (stage.kind !== 'build') addAt(context, 'artifactOutsideBuild', at, { kind: stage.kind });
    else if (named) addAt(context, 'artifactTwice', at);
    named ||= stage.kind === 'build';
  }
}

/** Where no build names an artifact, the whole checkout after the last build is it. */
function stageWithDefaultArtifact(read: readonly StageAt[]): Path | undefined {
  const builds = read.filter(({ stage }) => stage?.kind === 'build');
  return builds.some(({ stage }) => artifactOf(stage) !== undefined) ? undefined : builds.at(-1)?.path;
}

interface Defaults {
  readonly name: string;
  readonly in: string | null;
  readonly artifact: string | null;
}

function finishStage(context: ReadContext, path: Path, stage: ReadStage, defaults: Defaults): StageConfig {
  const { name } = defaults;
  switch (stage.kind) {
    case 'deploy':
      return { ...stage.body, kind: 'deploy', name };
    case 'verify':
      return finishVerify(context, path, stage.body, defaults);
    case 'approve':
      return finishApprove(context, path, stage.body, name);
    case 'validate':
    case 'build':
    case 'test':
    case 'run':
      return finishRun(stage.body, stage.kind, defaults);
  }
}

function finishRun(body: z.output<typeof runSchema>, label: string, { name, artifact }: Defaults): StageConfig {
  return { ...body, kind: 'run', label, name, artifact: body.artifact ?? artifact };
}

function finishVerify(
  context: ReadContext,
  path: Path,
  body: z.output<typeof verifySchema>,
  defaults: Defaults,
): StageConfig {
  const { expect, http, run, ...rest } = body;
  const where = body.in ?? defaults.in;
  const nothing = http === undefined && run === undefined;
  if (nothing && !hasMisspeltKey(context, path)) addAt(context, 'verifyNothing', path);
  if (http !== undefined && run !== undefined) addAt(context, 'verifyBoth', [...path, 'run']);
  if (expect !== undefined && http === undefined) addAt(context, 'expectWithoutHttp', [...path, 'expect']);
  if (where === null) addAt(context, 'verifyWhere', path);
  return {
    ...rest,
    kind: 'verify',
    name: defaults.name,
    in: where ?? '',
    http: http ?? null,
    expect: { status: expect?.status ?? 200, body: expect?.body ?? null },
    run: run ?? [],
  };
}

/** A role can have any number of people; users that are named are as many as they are. */
const ROLES: readonly string[] = ['viewer', 'deployer', 'approver', 'owner'];

function finishApprove(
  context: ReadContext,
  path: Path,
  body: z.output<typeof approveSchema>,
  name: string,
): StageConfig {
  const count = new Set(body.by).size;
  const onlyUsers = !body.by.some((approver) => ROLES.includes(approver));
  if (onlyUsers && count < body.quorum) addAt(context, 'quorumUnreachable', [...path, 'quorum'], { count });
  return { ...body, kind: 'approve', name, timeout: body.timeout ?? body.within };
}
