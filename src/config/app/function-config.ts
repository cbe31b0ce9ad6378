import { type Fault, type Language, type Result, err, ok } from '../../kernel/index.ts';
import { createFaultList } from '../faults.ts';
import { readYaml } from '../yaml-document.ts';
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
  const known = { targets: [], providers: {} };
  const config = readFunction({ document, faults, known, misspelt: new Set() }, [], options.route);
  const found = faults.all();
  return config === undefined || found.length > 0 ? err(found) : ok(config);
}
