import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const PLUGIN = join(REPOSITORY, 'tools/lint/plugin.ts');

export interface Finding {
  /** Path relative to the linted folder. */
  readonly file: string;
  /** `funade(rooms)`, `eslint(max-lines)` … */
  readonly rule: string;
  readonly message: string;
}

interface Report {
  readonly diagnostics: readonly { readonly code?: string; readonly message: string; readonly filename: string }[];
}

/** Writes `files` into a folder of its own and lints it with the real oxlint and the text of `config`; the folder is removed. */
export async function lintFiles(files: Readonly<Record<string, string>>, config: string): Promise<readonly Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-lint-'));
  try {
    await Promise.all(
      Object.entries(files).map(async ([path, text]) => {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }),
    );
    await writeFile(join(folder, '.oxlintrc.json'), config);
    const report = JSON.parse(await runOxlint(folder)) as Report;
    return report.diagnostics.map((found) => ({
      file: found.filename,
      rule: found.code ?? 'none',
      message: found.message,
    }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A configuration with one of our rules and nothing else. */
export function onlyRule(name: string): string {
  const rules = { [`funade/${name}`]: 'error' };
  return JSON.stringify({ plugins: [], jsPlugins: [PLUGIN], categories: { correctness: 'off' }, rules });
}

/** The repository's own configuration, without the type information that a loose folder lacks. */
export async function houseConfig(): Promise<string> {
  const text = await readFile(join(REPOSITORY, '.oxlintrc.json'), 'utf8');
  return text
    .replace('"./tools/lint/plugin.ts"', JSON.stringify(PLUGIN))
    .replace('"typeAware": true', '"typeAware": false');
}

function runOxlint(folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const oxlint = join(REPOSITORY, 'node_modules/oxlint/bin/oxlint');
    execFile(process.execPath, [oxlint, '-f', 'json'], { cwd: folder }, (error, stdout, stderr) => {
      if (stdout.trimStart().startsWith('{')) resolve(stdout);
      else reject(new Error(`oxlint gave no report: ${stdout}${stderr}`, { cause: error }));
    });
  });
}
