import type { FaultList } from '../faults.ts';
import type { Given } from './values.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?<malformed>\$\{[^}]*\}?)/g;

/**
 * Expands `${NAME}` in a text of the file from the environment; `$${` stands for `${` itself. A variable that is unset
 * or empty is a fault of the setting, never an empty text. Other values stay as they are.
 */
export function expand(given: Given, env: Environment, faults: FaultList): Given | undefined {
  if (typeof given.value !== 'string') return given;
  const where = { path: given.path, place: given.place };
  let faulty = false;
  const value = given.value.replaceAll(REFERENCE, (whole, ...rest) => {
    const groups = rest.at(-1) as { readonly name?: string; readonly malformed?: string };
    if (groups.malformed !== undefined) {
      // What follows the name can be a secret (`${TOKEN:-…}`), so only the name is shown.
      const found = groups.malformed.replace(/^(\$\{\w*).*$/s, '$1…}');
      faults.add('variableForm', { setting: given.setting, found }, where);
      faulty = true;
    }
    if (groups.name === undefined) return whole === '$${' ? '${' : whole;
    const variable = env[groups.name];
    if (variable !== undefined && variable !== '') return variable;
    const key = variable === undefined ? 'variableUnset' : 'variableEmpty';
    faults.add(key, { setting: given.setting, variable: groups.name }, where);
    faulty = true;
    return '';
  });
  return faulty ? undefined : { ...given, value };
}
