import type { Language } from '../../kernel/index.ts';
import { GUARD_PROFILES } from './model.ts';
import type { GuardOption } from './option.ts';
import { guardOptions } from './options.ts';

const HEAD: Readonly<Record<Language, readonly string[]>> = {
  en: [
    'Settings of the guard. Lines like `#key: value` show the default, or an example where there is none;',
    'remove the `#` to set one. ${NAME} is taken from the environment. Durations: 500ms, 10s, 1m30s.',
    '`funade guard config` prints each value and where it came from.',
  ],
  ja: [
    'ガードの設定です。`#key: value` の行は既定値(ないものは例)です。設定するときは `#` を外してください。',
    '${NAME} は環境変数で置き換えます。時間の書き方: 500ms、10s、1m30s。',
    '`funade guard config` で、それぞれの値とその出どころを確かめられます。',
  ],
};

/** The commented `guard.yaml`: every setting with its meaning, and its default or an example. It sets nothing by itself. */
export function guardConfigTemplate(language: Language): string {
  const lines = HEAD[language].map((line) => `# ${line}`);
  let section = '';
  for (const option of guardOptions as readonly GuardOption[]) {
    if (!option.inFile) continue;
    const [group = '', key] = option.name.split('.');
    const indent = key === undefined ? '' : '  ';
    lines.push('');
    if (key !== undefined && group !== section) lines.push(`${group}:`);
    section = key === undefined ? '' : group;
    lines.push(`${indent}# ${aboutOf(option, language)}`, `${indent}#${key ?? group}: ${valueOf(option)}`);
  }
  return `${lines.join('\n')}\n`;
}

function aboutOf({ doc, choices, profiles }: GuardOption, language: Language): string {
  const space = language === 'ja' ? '' : ' ';
  const oneOf = choices === undefined ? '' : `${space}(${choices.join(', ')})`;
  if (profiles === undefined) return `${doc[language]}${oneOf}`;
  const byProfile = GUARD_PROFILES.map((profile) => `${profile}: ${profiles[profile]}`);
  return `${doc[language]}${oneOf}${space}(${byProfile.join(', ')})`;
}

/** As YAML. The most careful profile speaks for all. */
function valueOf(option: GuardOption): string {
  const value = option.profiles?.production ?? option.default;
  if (value === null) return option.example ?? '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
