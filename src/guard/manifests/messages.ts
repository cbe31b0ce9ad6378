import { type TextKey, guardText } from '../texts/index.ts';
import type { Language } from '../../kernel/index.ts';
import { type Cel, textOf } from './cel.ts';

/** How a text is put: as it is (a denial, a notice), or as a warning that tells why it was no denial. */
export type Manner = 'plain' | 'existing';

/** A text of the guard as an expression: of the names and the number only the API server knows the values. */
export type Message = (key: TextKey, manner: Manner) => Cel;

export function messages(
  language: Language,
  names: { readonly hpa: Cel; readonly deployment: Cel; readonly minimum: Cel },
): Message {
  const say = guardText(language);
  return (key, manner) => {
    const text = say(key);
    const template = manner === 'existing' ? say('existing').replace('{text}', () => text) : text;
    return textOf(template, { hpa: names.hpa, deployment: names.deployment, min: `string(${names.minimum})` });
  };
}
