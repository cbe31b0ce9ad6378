import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAppConfig } from '../index.ts';

const run = promisify(execFile);
const source = fileURLToPath(new URL('../../../examples/greeter', import.meta.url));
let parent: string;
let folder: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'greeter-'));
  folder = join(parent, 'greeter');
  await cp(source, folder, { recursive: true, filter: (path) => !path.endsWith('dist') });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

async function config() {
  const parsed = parseAppConfig(await readFile(join(folder, 'funade.yaml'), 'utf8'), 'funade.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error, null, 2));
  return parsed.value;
}

test('the pipeline of the example goes from validate to production', async () => {
  const { pipeline, environments } = await config();
  expect(pipeline.map((stage) => stage.name)).toEqual([
    'validate',
    'build',
    'test',
    'deploy staging',
    'verify',
    'approve',
    'deploy production',
  ]);
  expect(environments['production']?.analysis.metrics.map((metric) => metric.name)).toEqual([
    'error-rate',
    'error-rate-vs-stable',
    'latency-p95',
  ]);
});

test('the commands of its stages succeed in a copy without anything installed, tests included', async () => {
  const { pipeline } = await config();
  const commands = pipeline.flatMap((stage) => (stage.kind === 'run' ? stage.run : []));
  let output = '';
  for (const command of commands) output += (await run('sh', ['-c', command], { cwd: folder })).stdout;
  expect(output).toMatch(/checked \d+ files, 0 with errors/);
  expect(output).toContain('built greeter 1.0.0');
  expect(output).toMatch(/pass [1-9]\d*\n.*fail 0\n/s);
});

test('its artifact alone has the handlers that funade.yaml names, and they answer', async () => {
  await run('npm', ['run', 'build'], { cwd: folder });
  const { functions, pipeline } = await config();
  const build = pipeline.find((stage) => stage.kind === 'run' && stage.artifact !== null);
  const artifact = join(parent, 'artifact');
  await cp(join(folder, build?.kind === 'run' ? (build.artifact ?? '') : ''), artifact, { recursive: true });
  for (const { handler, route } of Object.values(functions)) {
    const [file = '', name = ''] = handler.split('.');
    const loaded = (await import(pathToFileURL(join(artifact, `${file}.js`)).href)) as Record<string, unknown>;
    const handle = loaded[name];
    if (typeof handle !== 'function') throw new Error(`${handler} is not there`);
    const answer: unknown = await handle({ rawPath: route, queryStringParameters: { name: 'Ann' } }, {});
    expect(JSON.stringify(answer)).toContain('1.0.0');
  }
});
