import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

test('the build works by itself and carries the version of package.json', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'greeter-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, [fileURLToPath(new URL('../scripts/build.js', import.meta.url)), folder]);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  assert.equal(JSON.parse(readFileSync(join(folder, 'build-info.json'), 'utf8')).version, version);
  const { handler } = await import(pathToFileURL(join(folder, 'hello.js')).href);
  const answer = await handler({ rawPath: '/hello' });
  assert.equal(JSON.parse(answer.body).version, version);
});
