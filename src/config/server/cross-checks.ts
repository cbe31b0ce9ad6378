import type { FaultList } from '../faults.ts';
import type { Setting } from './load.ts';
import { type OptionName, serverOptions } from './options.ts';

type ByName = ReadonlyMap<OptionName, Setting>;

const LABELS = serverOptions.map(({ name }) => name).filter((name) => name.startsWith('agent.labels.'));

/** Faults between settings of forges and tasks that are right each by itself. */
export function checkForges(byName: ByName, faults: FaultList): void {
  checkApp(byName, faults);
  checkLabels(byName, faults);
}

/** Id and private key of a GitHub App go together. */
function checkApp(byName: ByName, faults: FaultList): void {
  // One that was given and is faulty is not in the map, and its fault has been told.
  const isGiven = (name: OptionName): boolean => byName.get(name)?.value !== null;
  const key = 'github.app.privateKey';
  if (isGiven('github.app.id') === isGiven(key)) {
    if (isGiven(key) || !isGiven('github.app.installationId')) return;
  }
  if (!isGiven('github.app.id')) missing('github.app.id', '`123456`', faults);
  if (!isGiven(key)) missing(key, '`./github-app.pem`', faults);
}

function missing(setting: OptionName, example: string, faults: FaultList): void {
  const env = serverOptions.find(({ name }) => name === setting)?.env ?? '';
  const expected = faults.expected('text').words;
  faults.add('settingWrong', { setting: `${setting} (${env})`, found: faults.word('nothing'), expected, example });
}

/** A label that says two things says nothing: a task would start itself again, or never end. */
function checkLabels(byName: ByName, faults: FaultList): void {
  const seen = new Map<string, OptionName>();
  for (const name of LABELS) {
    const value = byName.get(name)?.value;
    if (typeof value !== 'string') continue;
    const other = seen.get(value.toLowerCase());
    if (other === undefined) seen.set(value.toLowerCase(), name);
    else {
      const where = { path: name.split('.'), place: byName.get(name)?.place };
      faults.add('labelTaken', { setting: name, other, found: JSON.stringify(value) }, where);
    }
  }
}
