import { join } from 'node:path';
import { type CodeFault, badCode } from './code-faults.ts';
import { INLINE_LIMITS, type TreeLimits, sizeText } from './limits.ts';
import { planTree } from './names.ts';
import { fillFresh, makeDirectories, writeNewFile } from './unpacked-tree.ts';

/**
 * Writes files given as text (UTF-8, none executable) into `directory`, which must not exist; at most 1 MB together. Throws
 * `FUN_BAD_REQUEST` with all faults at once (names as in a zip, contents that are not Unicode, too much) and
 * `FUN_STORAGE_FULL`; then nothing is left behind.
 */
export async function writeInline(
  files: Readonly<Record<string, string>>,
  directory: string,
  limits: TreeLimits = INLINE_LIMITS,
): Promise<void> {
  const all = Object.entries(files);
  const plan = planTree(
    all.map(([path]) => ({ path, kind: 'file' as const })),
    limits,
  );
  const faults = [...plan.faults, ...contentFaults(all, limits)];
  if (faults.length > 0) throw badCode('code.files', faults);
  await fillFresh('code.files', directory, async () => {
    await makeDirectories(directory, plan.directories);
    for (const [path, text] of all) await writeNewFile(join(directory, path), false, [Buffer.from(text)]);
  });
}

function contentFaults(files: readonly (readonly [string, string])[], limits: TreeLimits): readonly CodeFault[] {
  const faults: CodeFault[] = [];
  let bytes = 0;
  for (const [entry, text] of files) {
    bytes += Buffer.byteLength(text);
    if (!text.isWellFormed()) faults.push({ entry, message: 'its content is not valid Unicode' });
  }
  if (bytes > limits.bytes) faults.push({ message: `its files have more than ${sizeText(limits.bytes)}` });
  return faults;
}
