import { type MessageValues, formatDuration, parseDuration } from '../../kernel/index.ts';
import type { FaultKey } from '../fault-texts.ts';
import type { FaultList } from '../faults.ts';
import type { GuardSetting } from './load.ts';
import { type GuardOptionName, guardOptions } from './options.ts';

type ByName = ReadonlyMap<GuardOptionName, GuardSetting>;

/** Faults between settings that are right each by itself. One that is faulty is not in the map, and was told. */
export function checkGuard(byName: ByName, faults: FaultList): void {
  checkTimes(byName, faults);
  checkPorts(byName, faults);
  const released = byName.get('policies.imageNotReleased');
  if (released !== undefined && released.value !== 'off') needsServer(released, byName, faults);
  const token = byName.get('funade.token');
  if (token !== undefined && token.value !== null) needsServer(token, byName, faults);
}

function checkTimes(byName: ByName, faults: FaultList): void {
  const check = (key: 'notBelow' | 'above', name: GuardOptionName, other: GuardOptionName): void => {
    const [setting, limiting] = [byName.get(name), byName.get(other)];
    // A faulty one compares as NaN, which is neither below nor above anything.
    const [time, limit] = [millisecondsOf(setting), millisecondsOf(limiting)];
    const isBroken = key === 'above' ? time > limit : time >= limit;
    if (setting === undefined || limiting === undefined || !isBroken) return;
    const values = { found: formatDuration(time), other: limiting.label, limit: formatDuration(limit) };
    tell(faults, key, { setting, other: limiting, values });
  };
  check('notBelow', 'server.endpointDelay', 'server.grace');
  // Node refuses to serve with headers that may take longer than the request that they belong to.
  check('above', 'server.headersTimeout', 'server.requestTimeout');
  check('above', 'server.deadline', 'webhook.timeoutSeconds');
}

/** Of a duration as read or the text of a default, or of a count of seconds. */
function millisecondsOf(setting: GuardSetting | undefined): number {
  const value = setting?.value;
  if (typeof value === 'string') return parseDuration(value) ?? Number.NaN;
  if (typeof value !== 'number') return Number.NaN;
  return setting?.option === 'webhook.timeoutSeconds' ? value * 1000 : value;
}

function checkPorts(byName: ByName, faults: FaultList): void {
  const [port, healthPort] = [byName.get('server.port'), byName.get('server.healthPort')];
  if (port === undefined || healthPort === undefined) return;
  if (typeof port.value !== 'number' || port.value !== healthPort.value || port.value === 0) return;
  tell(faults, 'portTaken', {
    setting: healthPort,
    other: port,
    values: { other: port.label, found: port.value },
  });
}

function needsServer(setting: GuardSetting, byName: ByName, faults: FaultList): void {
  if (byName.get('funade.url')?.value !== null) return;
  const { env, example } = guardOptions.find((option) => option.name === 'funade.url') ?? {};
  tell(faults, 'settingNeeds', { setting, values: { needed: `funade.url (${env})`, example: `\`${example}\`` } });
}

/** Tells it at the place of the setting, or of the other one when only that was given by somebody. */
function tell(
  faults: FaultList,
  key: FaultKey,
  told: { readonly setting: GuardSetting; readonly other?: GuardSetting; readonly values: MessageValues },
): void {
  const { setting, other } = told;
  const given = [setting, other].find((one) => one !== undefined && isGiven(one)) ?? setting;
  const [origin] = given.origins;
  const list = origin?.source === 'file' ? faults.within(origin.file) : faults;
  list.add(key, { setting: setting.label, ...told.values }, { place: given.place });
}

function isGiven({ origins }: GuardSetting): boolean {
  return origins.every(({ source }) => source !== 'default' && source !== 'profile');
}
