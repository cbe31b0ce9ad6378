import { createHash, randomUUID } from 'node:crypto';
import { type FunctionConfig, type RuntimeName, parseFunctionConfig, referencesIn } from '../../config/index.ts';
import { type Fault, FunadeError, sleep } from '../../kernel/index.ts';
import { type Db, type SecretPins, type Trx, transaction } from '../../store/index.ts';
import { reweigh } from '../aliases/platform.ts';
import { lockAlias, saveAlias } from '../aliases/store.ts';
import type { CodeStore } from '../code/code-store.ts';
import { CompileError, type Language } from '../languages/language.ts';
import { type Outcome, reasonOf } from '../outcome.ts';
import type { SecretSource, Weight } from '../port.ts';
import {
  ALIAS_NAME,
  type AliasOrder,
  FUNCTION_NAME,
  LATEST,
  MOST_SCRIPTS,
  type PublishOrder,
  type Published,
  type StandaloneAlias,
  type StandaloneFunction,
  type StandaloneFunctions,
  type StandaloneVersion,
} from './port.ts';
import { badRequest, conflict, deletedMeanwhile, invalid, notFound } from './errors.ts';
import { aliasOf, functionOf, versionOf } from './rows.ts';
import * as store from './store.ts';

export interface StandaloneDependencies {
  readonly db: Db;
  readonly code: CodeStore;
  readonly languages: ReadonlyMap<RuntimeName, Language>;
  readonly secrets: Pick<SecretSource, 'pin'>;
  /** Why code with this configuration may not run on this server; null when it may. */
  readonly refuse: (config: FunctionConfig) => { readonly reason: string; readonly fix: string } | null;
  /** Applies what was written on this host. */
  readonly refresh: () => Promise<void>;
  /** Ends what runs of a function on this host. */
  readonly forget: (name: string) => void;
  /** Functions that scripts of sessions may make; `MOST_SCRIPTS`. */
  readonly mostScripts?: number | undefined;
  /** Brings a version up on this host; what speaks against it, or null. */
  readonly prove: (name: string, id: string) => Promise<Outcome | null>;
}

/** What makes a version the one that it is. */
interface Kept {
  readonly config: FunctionConfig;
  readonly digest: string;
  readonly form: StandaloneVersion['form'];
  readonly secrets: SecretPins;
}

/** Milliseconds that other hosts may take to follow a change before it is told as done. */
const ROUTED_WITHIN = 5000;
const LOOK_EVERY = 10;
/** Days without a session after which a script is forgotten. */
const SCRIPT_DAYS = 30;

export function createStandaloneFunctions(dependencies: StandaloneDependencies): StandaloneFunctions {
  const { db, code, languages, refresh } = dependencies;

  async function publish(order: PublishOrder): Promise<Published> {
    const { name } = order;
    if (!FUNCTION_NAME.test(name)) throw badRequest(`a name matches ${FUNCTION_NAME.source}`, 'name');
    const config = readConfig(order);
    const refusal = dependencies.refuse(config);
    if (refusal !== null) throw new FunadeError('FUN_ISOLATION_UNAVAILABLE', { what: name, ...refusal });
    await refuseTakeover(db, order);
    const kept = await keepCode(order);
    await checkCode(name, config, kept);
    const names = referencesIn([config]);
    const secrets = names.length === 0 ? {} : await dependencies.secrets.pin({ app: name, environment: null }, names);
    const version = { config, ...kept, secrets };
    const { number, isNew } = await transaction(db, (trx) => insert(trx, order, version));
    const fault = await dependencies.prove(name, String(number));
    if (fault !== null) throw await faultOf(order, { number, fault });
    const { revision } = await transaction(db, (trx) => pointLatest(trx, order, { ...version, number }));
    await settled(name, LATEST, revision);
    return { version: await getVersion(name, number), isNew };
  }

  /** Whoever may call a function may bring a script: it gets nothing that somebody entrusted to other code. */
  async function refuseTakeover(at: Db | Trx, { name, form }: PublishOrder): Promise<void> {
    if (form === 'module') return;
    const { latest = 0 } = (await store.readFunction(at, name)) ?? {};
    const present = latest === 0 ? undefined : await store.readVersion(at, name, latest);
    if (present === undefined) return refuseTooMany(at, name);
    const action = `replace ${name} by a script`;
    if (present.form === 'module') throw conflict(action, 'it was deployed; choose another title, or send no script');
    const granted = grantsOf(present.config);
    if (granted.length === 0) return;
    throw conflict(action, `it was given ${granted.join(', ')}, which is for the code it has; choose another title`);
  }

  /** A function whose first version does not come up is none. */
  async function faultOf(
    { name, onFault }: PublishOrder,
    { number, fault }: { readonly number: number; readonly fault: Outcome },
  ): Promise<Error> {
    const present = await store.readFunction(db, name);
    if (present === undefined) return deletedMeanwhile(name);
    if (present.latest > 0) {
      await store.recordFault(db, name, number, reasonOf(fault));
      return onFault(fault);
    }
    await transaction(db, (trx) => store.discardFirst(trx, name, number));
    dependencies.forget(name);
    return onFault(fault);
  }

  /** Whoever may execute a language makes a function with every new title. */
  async function refuseTooMany(at: Db | Trx, name: string): Promise<void> {
    const most = dependencies.mostScripts ?? MOST_SCRIPTS;
    if ((await store.countScripts(at)) < most) return;
    throw conflict(`open a session of ${name}`, `there are ${most} scripts already; delete some, or use their titles`);
  }

  async function keepCode({ name, code: source, form }: PublishOrder): Promise<Pick<Kept, 'digest' | 'form'>> {
    if (source.kind === 'zip') return { digest: (await code.putZip(source.bytes)).digest, form };
    if (source.kind === 'files') return { digest: (await code.putFiles(source.files)).digest, form };
    const { digest, form: known } = await getVersion(name, source.number);
    return { digest, form: known };
  }

  /** What the language says of it: tools, handler, compiler. */
  async function checkCode(
    name: string,
    config: FunctionConfig,
    { digest, form }: Pick<Kept, 'digest' | 'form'>,
  ): Promise<void> {
    const language = languages.get(config.runtime);
    const status = await language?.status();
    if (language === undefined || status === undefined)
      throw invalid(name, [{ message: `no runtime ${config.runtime}` }]);
    if (!status.available) throw invalid(name, [{ message: status.reason, path: 'runtime', fix: status.fix }]);
    const directory = (await code.locate(digest)) ?? '';
    const place = { directory, handler: config.handler, form };
    const fault = language.check(place);
    if (fault !== null) throw invalid(name, [{ message: fault, path: 'handler' }]);
    try {
      await language.build(place);
    } catch (thrown) {
      if (!(thrown instanceof CompileError)) throw thrown;
      throw invalid(name, thrown.faults.map(compileFault(config.handler)));
    }
  }

  async function insert(trx: Trx, { name, by }: PublishOrder, kept: Kept) {
    const { config, digest, form, secrets } = kept;
    if (await store.isApplication(trx, name)) throw conflict(`publish ${name}`, 'an application has that name');
    await store.lockFunction(trx, { name, runtime: config.runtime, by });
    const fingerprint = fingerprintOf(kept);
    const known = await store.numberOfFingerprint(trx, name, fingerprint);
    if (known !== undefined) return { number: known, isNew: false };
    const number = await store.nextNumber(trx, name);
    const row = { function: name, number, fingerprint, digest, form, config, secrets, published_by: by };
    await store.insertVersion(trx, row);
    return { number, isNew: true };
  }

  /** What is known of the function changes together with where it points. */
  async function pointLatest(
    trx: Trx,
    order: PublishOrder,
    { number, ...kept }: Kept & { readonly number: number },
  ): Promise<{ readonly revision: number }> {
    const { name, description, parameters, examples } = order;
    await holdFunction(trx, name);
    // Somebody may have deployed meanwhile, or deleted the function and made another one of that name.
    await refuseTakeover(trx, order);
    if ((await store.numberOfFingerprint(trx, name, fingerprintOf(kept))) !== number) throw deletedMeanwhile(name);
    await store.recordFault(trx, name, number, null);
    await store.updateFunction(trx, name, {
      ...{ runtime: kept.config.runtime, latest: number },
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(examples === undefined ? {} : { examples }),
    });
    const weights = [{ version: String(number), weight: 100 }];
    return point(trx, { name, alias: LATEST, weights });
  }

  /** Keeps the function as it is until the transaction ends. */
  async function holdFunction(trx: Trx, name: string): Promise<void> {
    if (!(await store.lockPresent(trx, name))) throw deletedMeanwhile(name);
  }

  async function point(trx: Trx, order: AliasOrder): Promise<{ readonly revision: number }> {
    const alias = { kind: 'standalone' as const, app: order.name, environment: order.alias };
    const { trx: tables, row } = await lockAlias(trx, alias);
    if (row.kind !== 'standalone') throw conflict(`change ${order.alias}`, `${order.name} is an application`);
    checkRevision(order, row.revision);
    const { weights, sticky = row.sticky } = order;
    const isSame = JSON.stringify([row.weights, row.sticky]) === JSON.stringify([weights, sticky]);
    const changed = !isSame || row.revision === 0;
    const revision = changed ? row.revision + 1 : row.revision;
    await saveAlias(tables, { ...row, weights, sticky, revision }, { act: 'weights', key: randomUUID(), changed });
    return { revision };
  }

  async function setAlias(order: AliasOrder): Promise<StandaloneAlias> {
    const { name, alias } = order;
    if (!ALIAS_NAME.test(alias)) throw badRequest(`an alias matches ${ALIAS_NAME.source}`, 'alias');
    await getFunction(name);
    const attached = order.weights.map(({ version }) => ({ version, weight: 0 }));
    if (attached.length === 0 || attached.length > 2)
      throw badRequest('an alias points to one or two versions', 'weights');
    const weights = reweigh(attached, order.weights, { app: name, environment: alias });
    for (const { version } of weights) await getVersion(name, numberOf(version));
    const before = (await store.listAliases(db, name)).find((each) => each.name === alias);
    checkRevision(order, before?.revision ?? 0);
    for (const each of firstTraffic(weights, before?.weights ?? [])) await proveOrThrow(order, each);
    const { revision } = await transaction(db, async (trx) => {
      await holdFunction(trx, name);
      return point(trx, { ...order, weights });
    });
    await settled(name, alias, revision);
    return getAlias(name, alias);
  }

  async function proveOrThrow({ name, alias }: AliasOrder, { version }: Weight): Promise<void> {
    const fault = await dependencies.prove(name, version);
    await store.recordFault(db, name, Number(version), fault === null ? null : reasonOf(fault));
    if (fault === null) return;
    throw new FunadeError('FUN_FUNCTION_NOT_PROVEN', { name, alias, version, reason: reasonOf(fault) });
  }

  /** Until this host, and every other one that lives, routes by the revision. */
  async function settled(name: string, alias: string, revision: number): Promise<void> {
    await refresh();
    const deadline = performance.now() + ROUTED_WITHIN;
    while (!(await store.isRoutedEverywhere(db, name, alias, revision)) && performance.now() < deadline) {
      await sleep(LOOK_EVERY);
    }
  }

  async function remove(name: string): Promise<void> {
    const isGone = await transaction(db, (trx) => store.deleteFunction(trx, name));
    if (!isGone) throw notFound('function', name, 'funade fn list');
    await refresh();
    dependencies.forget(name); // also what no alias ever pointed to
  }

  async function getFunction(name: string): Promise<StandaloneFunction> {
    const row = await store.readFunction(db, name);
    if (row === undefined) throw notFound('function', name, 'funade fn list');
    return functionOf(row);
  }

  async function getVersion(name: string, number: number): Promise<StandaloneVersion> {
    const row = await store.readVersion(db, name, number);
    if (row === undefined) throw notFound('version', `${name}:${number}`, `funade fn versions ${name}`);
    return versionOf(row);
  }

  async function getAlias(name: string, alias: string): Promise<StandaloneAlias> {
    await getFunction(name);
    const found = (await store.listAliases(db, name)).find((each) => each.name === alias);
    if (found === undefined) throw notFound('alias', `${name}:${alias}`, `funade fn alias ${name}`);
    return aliasOf(name, found);
  }

  return {
    publish,
    get: getFunction,
    find: async (name) => {
      const row = await store.readFunction(db, name);
      return row && functionOf(row);
    },
    list: async (query) => {
      const { rows, total } = await store.listFunctions(db, query);
      return { items: rows.map(functionOf), total };
    },
    remove,
    touch: (name) => store.touchFunction(db, name),
    prune: async () => {
      for (const name of await store.listUnusedScripts(db, SCRIPT_DAYS)) await remove(name);
    },
    versions: async (name) => {
      await getFunction(name);
      return (await store.listVersions(db, name)).map(versionOf);
    },
    version: getVersion,
    aliases: async (name) => {
      await getFunction(name);
      return (await store.listAliases(db, name)).map((each) => aliasOf(name, each));
    },
    alias: getAlias,
    setAlias,
    removeAlias: async (order) => {
      const { name, alias } = order;
      if (alias === LATEST) throw badRequest(`${LATEST} can't be removed`, 'alias');
      await transaction(db, async (trx) => {
        const { row } = await lockAlias(trx, { kind: 'standalone', app: name, environment: alias });
        if (row.kind !== 'standalone' || row.revision === 0)
          throw notFound('alias', `${name}:${alias}`, `funade fn alias ${name}`);
        checkRevision(order, row.revision);
        await store.deleteAlias(trx, name, alias);
      });
      await refresh();
    },
  };
}

/** Faults of the configuration, told as those of the request. Code that nobody vouches for is not trusted by default. */
function readConfig({ name, config }: PublishOrder): FunctionConfig {
  const text = JSON.stringify({ trusted: false, ...config });
  const read = parseFunctionConfig(text, { file: 'config', route: null });
  if (!read.ok)
    throw invalid(
      name,
      read.error.map(({ message, path, fix }) => ({ message, path, fix })),
    );
  return read.value;
}

function fingerprintOf({ digest, form, config, secrets }: Kept): string {
  return createHash('sha256')
    .update(JSON.stringify([digest, form, config, secrets]))
    .digest('hex');
}

/** What a function may that its code alone could not. */
function grantsOf({ trusted, network, egress, environment, route }: FunctionConfig): readonly string[] {
  return [
    ...(trusted ? ['trust'] : []),
    ...(network === 'open' ? ['an open network'] : []),
    ...(egress.length > 0 ? ['egress'] : []),
    ...(Object.keys(environment).length > 0 ? ['an environment'] : []),
    ...(route === null ? [] : ['a route']),
  ];
}

function checkRevision(
  { name, alias, ifRevision }: Pick<AliasOrder, 'name' | 'alias' | 'ifRevision'>,
  present: number,
): void {
  if (ifRevision === undefined || (ifRevision ?? 0) === present) return;
  const given = ifRevision ?? 'none';
  throw new FunadeError('FUN_REVISION_MISMATCH', { what: `${name}:${alias}`, present, given });
}

function firstTraffic(weights: readonly Weight[], before: readonly Weight[]): readonly Weight[] {
  return weights.filter(({ version, weight }) => {
    const had = before.find((each) => each.version === version)?.weight ?? 0;
    return weight > 0 && had === 0;
  });
}

function numberOf(version: string): number {
  if (!/^[1-9]\d{0,8}$/.test(version)) throw badRequest(`version "${version}" is not a number`, 'weights');
  return Number(version);
}

function compileFault(file: string) {
  return ({ message, line, column }: CompileError['faults'][number]): Fault => ({
    message,
    file,
    ...(line === null ? {} : { line }),
    ...(column === null ? {} : { column }),
  });
}
