// Asks the deployed functions, each of them every case. The stage `verify` sets FUNADE_URL.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const cases = JSON.parse(await readFile(new URL('../cases.json', import.meta.url), 'utf8'));
const languages = ['nodejs', 'python', 'rust'];
const noInput = { errorType: 'InvalidInput', errorMessage: 'the input has to be a JSON object' };
/** Bodies that no event can be. */
const broken = ['{', '{"a":1}}', 'NaN', '{"operation":"add","a":1e400,"b":1}', '['.repeat(5000) + ']'.repeat(5000)];

async function ask(language, body) {
  const response = await fetch(`${process.env.FUNADE_URL}/${language}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return { status: response.status, body: await response.json() };
}

for (const language of languages) {
  for (const { title, event, answer, error } of cases) {
    const expected = { status: error === undefined ? 200 : 400, body: answer ?? error };
    assert.deepEqual(await ask(language, JSON.stringify(event)), expected, `${language}: ${title}`);
  }
  for (const body of broken)
    assert.deepEqual(await ask(language, body), { status: 400, body: noInput }, `${language}: ${body.slice(0, 40)}`);
}
console.log(`${cases.length} cases, ${languages.length} languages: the same answers and the same errors`);
