import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Texts, compareTexts, flatten } from './compare.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Tables that do not stand in an `en.ts` / `ja.ts` pair. */
const NAMED_PAIRS = [['src/kernel/errors.catalogue.ts', 'src/kernel/errors.ja.ts']] as const;

const faults: string[] = [];
let compared = 0;
for (const [en, ja] of [...NAMED_PAIRS, ...(await findPairs())]) {
  const [english, japanese] = [await readTexts(en), await readTexts(ja)];
  compared += english.size;
  if (english.size === 0) faults.push(`${en}: no texts found`);
  faults.push(...compareTexts(onlyShared(english), japanese).map((fault) => `${ja}: ${fault}`));
}
for (const fault of faults) console.error(fault);
console.log(`${compared} texts compared`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function findPairs(): Promise<readonly (readonly [string, string])[]> {
  const pairs: (readonly [string, string])[] = [];
  for await (const path of glob('{src,web}/**/{en,ja}.{ts,tsx}', {
    cwd: repository,
    exclude: ['**/node_modules/**'],
  })) {
    const [en, ja] = [path.replace(/ja(\.tsx?)$/, 'en$1'), path.replace(/en(\.tsx?)$/, 'ja$1')];
    if (!pairs.some(([known]) => known === en)) pairs.push([en, ja]);
  }
  return pairs;
}

/** All exported tables of a module as one; a missing file has no texts, so that every key of the other is told. */
async function readTexts(path: string): Promise<Texts> {
  const module = (await import(pathToFileURL(join(repository, path)).href).catch((thrown: unknown) => {
    faults.push(`${path}: ${String(thrown)}`);
    return {};
  })) as Readonly<Record<string, unknown>>;
  const texts = new Map<string, string>();
  for (const table of Object.values(module)) {
    if (typeof table !== 'object' || table === null) continue;
    for (const [key, text] of flatten(table)) texts.set(key, text);
  }
  return texts;
}

/** The catalogue also says who is to blame, which is no text of a language. */
function onlyShared(texts: Texts): Texts {
  return new Map([...texts].filter(([key]) => !key.endsWith('.blame')));
}
