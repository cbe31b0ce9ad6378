import { parseAppConfig } from '../../src/config/index.ts';

const BLOCK = /^```yaml\n([\s\S]*?)^```/gm;

/** Faults of the `funade.yaml` examples of a document: every block that starts with `version:` has to be a whole, valid file. */
export function findSnippetFaults(path: string, text: string): readonly string[] {
  const faults: string[] = [];
  for (const [, block = ''] of text.matchAll(BLOCK)) {
    if (!/^version:/m.test(block)) continue;
    const result = parseAppConfig(block, path);
    if (!result.ok)
      faults.push(...result.error.map((fault) => `${path}: example, line ${fault.line ?? 0}: ${fault.message}`));
  }
  return faults;
}
