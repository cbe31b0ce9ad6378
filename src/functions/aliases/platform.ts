import type { RuntimeName } from '../../config/index.ts';
import { FunadeError } from '../../kernel/index.ts';
import type { Db } from '../../store/index.ts';
import type { AliasName, AliasRevision, AliasWrite, FunctionPlatform, VersionSpec, Weight } from '../port.ts';
import type { Language } from '../languages/language.ts';
import {
  type AliasRow,
  type FunctionTrx,
  changeAlias,
  deleteVersionsExcept,
  digestOf,
  failureEverywhere,
  insertVersion,
  observeAlias,
  revisionOfKey,
  saveAlias,
} from './store.ts';

const ATTACHED_AT_MOST = 2;

/** The verbs of a target, on the database alone: hosts follow what is written here and tell what they made of it. */
export function createPlatform(db: Db, languages: ReadonlyMap<RuntimeName, Language>): FunctionPlatform {
  return {
    check: (version) => checkFunctions(version, languages),
    observe: (alias) => observeAlias(db, alias),

    async publish(write) {
      await act(db, 'publish', write, async (trx, row) => {
        const { id, digest } = write.version;
        const known = await digestOf(trx, write, id);
        if (known !== undefined && known !== digest) {
          throw conflict(write, `publish ${id}`, `it is known with the content ${known}, not ${digest}`);
        }
        const weights = attach(row.weights, id, write);
        if (known === undefined) {
          await deleteVersionsExcept(
            trx,
            write,
            weights.map(({ version }) => version),
          );
          await insertVersion(trx, write, write.version);
        }
        return { weights, sticky: write.sticky };
      });
    },

    writeAlias: (write) =>
      act(db, 'weights', write, async (trx, row) => {
        const weights = reweigh(row.weights, write.weights, write);
        for (const { version, weight } of weights) {
          if (weight === 0 || weightOf(row.weights, version) > 0) continue;
          const reason = await failureEverywhere(trx, write, version);
          if (reason !== undefined)
            throw new FunadeError('FUN_VERSION_FAILED', { version, what: nameOf(write), reason });
        }
        return { weights, sticky: row.sticky };
      }),

    async retire(write) {
      await act(db, 'retire', write, async (trx, row) => {
        const weight = weightOf(row.weights, write.version);
        if (weight > 0) throw conflict(write, `retire ${write.version}`, `it takes ${weight} % of the traffic`);
        const weights = row.weights.filter(({ version }) => version !== write.version);
        await deleteVersionsExcept(
          trx,
          write,
          weights.map(({ version }) => version),
        );
        return { weights, sticky: row.sticky };
      });
    },
  };
}

type Change = (trx: FunctionTrx, row: AliasRow) => Promise<Pick<AliasRow, 'weights' | 'sticky'>>;

/** Fence, then key, then the change; what was asked for is remembered under its key even when there was nothing to do. */
function act(
  db: Db,
  verb: 'publish' | 'weights' | 'retire',
  write: AliasWrite,
  change: Change,
): Promise<AliasRevision> {
  return changeAlias(db, { kind: 'release', app: write.app, environment: write.environment }, async (trx, row) => {
    if (row.kind !== 'release') throw conflict(write, verb, `${write.app} is a standalone function`);
    const { fence, key } = write;
    if (fence < row.fence) throw new FunadeError('FUN_FENCED', { what: nameOf(write), fence, seen: row.fence });
    const before = await revisionOfKey(trx, write, key);
    if (before !== undefined) return { revision: before, changed: false };
    const next = await change(trx, row);
    const changed = !isSame(row, next);
    const revision = changed ? row.revision + 1 : row.revision;
    await saveAlias(trx, { ...row, ...next, fence, revision }, { act: verb, key, changed });
    return { revision, changed };
  });
}

/** The alias with `id` attached. Versions that were only kept warm make room; those with traffic never do. */
export function attach(weights: readonly Weight[], id: string, alias: AliasName): readonly Weight[] {
  if (weights.some(({ version }) => version === id)) return weights;
  const live = weights.filter(({ weight }) => weight > 0);
  if (live.length >= ATTACHED_AT_MOST) {
    const names = live.map(({ version, weight }) => `${version} (${weight} %)`).join(' and ');
    throw conflict(alias, `publish ${id}`, `${names} take its traffic, and an alias holds two versions`);
  }
  return [...live, { version: id, weight: 0 }];
}

/** The attached versions with their new weights: those that are not named first, with 0. */
export function reweigh(attached: readonly Weight[], wanted: readonly Weight[], alias: AliasName): readonly Weight[] {
  const sum = wanted.reduce((total, { weight }) => total + weight, 0);
  const isWhole = wanted.every(({ weight }) => Number.isInteger(weight) && weight >= 0 && weight <= 100);
  if (!isWhole || (sum !== 100 && sum !== 0) || new Set(wanted.map(({ version }) => version)).size !== wanted.length) {
    const text = wanted.map(({ version, weight }) => `${version}=${weight}`).join(', ');
    const message = `weights ${text}: whole percents of different versions, which sum up to 100 or are all 0`;
    throw new FunadeError('FUN_BAD_REQUEST', { count: 1 }, { faults: [{ message, path: 'weights' }] });
  }
  for (const { version } of wanted) {
    if (attached.some((each) => each.version === version)) continue;
    throw new FunadeError('FUN_NOT_FOUND', {
      kind: 'version',
      id: `${version} in ${nameOf(alias)}`,
      list: 'funade status',
    });
  }
  const rest = attached.filter(({ version }) => !wanted.some((each) => each.version === version));
  return [...rest.map(({ version }) => ({ version, weight: 0 })), ...wanted];
}

/** Sentences about functions that could not run: a tool that is missing here, or a handler that is missing there. */
async function checkFunctions(
  version: Pick<VersionSpec, 'artifact' | 'functions'>,
  languages: ReadonlyMap<RuntimeName, Language>,
): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const [name, config] of Object.entries(version.functions)) {
    const language = languages.get(config.runtime);
    const status = await language?.status();
    if (language === undefined || status === undefined) faults.push(`function ${name}: no runtime ${config.runtime}`);
    else if (!status.available) faults.push(`function ${name}: ${status.reason}. Fix: ${status.fix}`);
    else {
      const fault = language.check({ directory: version.artifact, handler: config.handler, form: 'module' });
      if (fault !== null) faults.push(`function ${name}: ${fault}`);
    }
  }
  return faults;
}

function weightOf(weights: readonly Weight[], version: string): number {
  return weights.find((each) => each.version === version)?.weight ?? 0;
}

function isSame(row: AliasRow, next: Pick<AliasRow, 'weights' | 'sticky'>): boolean {
  const text = (value: Pick<AliasRow, 'weights' | 'sticky'>) =>
    JSON.stringify([value.weights.map(({ version, weight }) => [version, weight]), value.sticky]);
  return text(row) === text(next);
}

function nameOf(alias: AliasName): string {
  return `${alias.app}/${alias.environment}`;
}

function conflict(alias: AliasName, action: string, reason: string): FunadeError {
  return new FunadeError('FUN_CONFLICT', { action: `${action} in ${nameOf(alias)}`, reason, look: 'funade status' });
}
