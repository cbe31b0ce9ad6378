import type { GuardConfig } from '../../config/index.ts';
import { type Fault, type Language, type MessageValues, fill } from '../../kernel/index.ts';
import { en } from './en.ts';
import type { FaultText } from './fault-text.ts';
import { ja } from './ja.ts';

export type StartFaultKey = keyof typeof en;
/** Settings that only trying shows to be wrong. */
export type FaultySetting = 'cluster.url' | 'cluster.kubeconfig' | 'server.host' | 'server.port' | 'server.healthPort';

type Origins = GuardConfig['origins'];

/** The guard can't run as it is configured. Message and fix are in English, for logs; `toldFault` has the reader's language. */
export class StartFault extends Error {
  readonly key: StartFaultKey;
  readonly values: MessageValues;
  /** The one that has to change; `null`: none was given. */
  readonly setting: FaultySetting | null;
  readonly fix: string;

  constructor(
    key: StartFaultKey,
    values: MessageValues,
    { setting, cause }: { readonly setting: FaultySetting | null; readonly cause?: unknown },
  ) {
    const text: FaultText = en[key];
    const filled = { ...values, ...(setting !== null && { setting }) };
    super(fill(text.message, filled), { cause });
    this.name = 'StartFault';
    this.key = key;
    this.values = values;
    this.setting = setting;
    this.fix = fill(text.fix, filled);
  }
}

/** The fault as a person reads it, with where the setting came from. */
export function toldFault(
  { key, values, setting }: StartFault,
  { language, origins }: { readonly language: Language; readonly origins: Origins },
): Fault {
  const text: FaultText = (language === 'ja' ? ja : en)[key];
  if (setting === null) return { message: fill(text.message, values), fix: fill(text.fix, values) };
  const { label, ...place } = giverOf(setting, origins);
  const filled = { ...values, setting: label };
  return { ...place, path: setting, message: fill(text.message, filled), fix: fill(text.fix, filled) };
}

function giverOf(setting: FaultySetting, origins: Origins): { readonly label: string } & Pick<Fault, 'file' | 'line'> {
  const [origin] = origins[setting] ?? [];
  switch (origin?.source) {
    case 'flag':
    case 'environment':
      return { label: origin.name };
    case 'directory':
      return { label: origin.file };
    case 'file':
      return { label: setting, file: origin.file, line: origin.line };
    case 'profile':
    case 'default':
    case undefined:
      return { label: setting };
  }
}
