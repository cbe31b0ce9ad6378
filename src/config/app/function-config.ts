import { type Fault, type Language, type Result, err, ok } from '../../kernel/index.ts';
import { type FaultList, createFaultList } from '../faults.ts';
import { type YamlDocument, readYaml } from '../yaml-document.ts';
import { isSection } from './context.ts';
import { readFunction } from './functions.ts';
import type { FunctionConfig } from './model.ts';

/** Configuration of one function: what stands under its name in `funade.yaml`, as YAML or JSON, or all of its faults. */
export function parseFunctionConfig(
  text: string,
  options: { readonly file: string; readonly route: string | null; readonly language?: Language },
): Result<FunctionConfig, readonly Fault[]> {
  const faults = createFaultList(options.language ?? 'en', options.file);
  const document = readYaml(text, faults);
  if (document === undefined) return err(faults.all());
  const config = readFunctionOf(document, faults, options.route);
  const found = faults.all();
  return config === undefined || found.length > 0 ? err(found) : ok(config);
}

/** A file with settings of a function, to which others may be added: some of them alone are no configuration yet. */
export interface FunctionSettings {
  /** As they were written; null where the file is no section of settings. */
  readonly values: Readonly<Record<string, unknown>> | null;
  /** What is wrong with the file itself (syntax, keys that are given twice, no section), whatever is added to it. */
  readonly documentFaults: readonly Fault[];
  /** All that is wrong when the file is read alone. */
  readonly faults: readonly Fault[];
}

export function readFunctionSettings(
  text: string,
  options: { readonly file: string; readonly language: Language },
): FunctionSettings {
  const faults = createFaultList(options.language, options.file);
  const document = readYaml(text, faults);
  const documentFaults = faults.all();
  if (document === undefined) return { values: null, documentFaults, faults: documentFaults };
  readFunctionOf(document, faults, null);
  if (isSection(document.value)) return { values: document.value, documentFaults, faults: faults.all() };
  return { values: null, documentFaults: faults.all(), faults: faults.all() };
}

function readFunctionOf(document: YamlDocument, faults: FaultList, route: string | null): FunctionConfig | undefined {
  const known = { targets: [], providers: {} };
  return readFunction({ document, faults, known, misspelt: new Set() }, [], route);
}
