import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeArtifact, removeArtifacts } from '../../../test/functions/test-host.ts';
import { systemClock } from '../../kernel/index.ts';
import { createLanguages } from './languages.ts';

const never = () => Promise.reject(new Error('nothing is started here'));
const languages = createLanguages({
  ...{ kit: never, spawn: never, directory: '/nowhere', isBoxed: () => true, path: '', clock: systemClock },
});
afterAll(removeArtifacts);

test.each([...languages.hosting.keys()])(
  'code in %s that comes as one text is a file that its own handler is found in',
  async (name) => {
    const language = languages.hosting.get(name);
    const { file, handler } = languages.sources[name];
    const directory = await makeArtifact({ [file]: '' });
    if (name === 'provided') await chmod(join(directory, file), 0o755);
    expect(language?.source).toEqual({ file, handler });
    expect(language?.check({ directory, handler, form: 'module' })).toBeNull();
  },
);

test('every language but a bare program has scripts, which are found by their file', async () => {
  const files = [...languages.publishing].map(([name, { scriptFile }]) => [name, scriptFile]);
  expect(Object.fromEntries(files)).toEqual({
    ...{ nodejs: 'script.js', python: 'script.py', rust: 'script.rs', provided: null },
  });
  for (const { scriptFile, check } of languages.publishing.values()) {
    if (scriptFile === null) continue;
    const directory = await makeArtifact({ [scriptFile]: '' });
    expect(check({ directory, handler: scriptFile, form: 'script' })).toBeNull();
  }
});
