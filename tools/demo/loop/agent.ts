// A coding agent without a model, as `agent.command` runs one, in a process of its own: the prompt comes on standard input, the checkout is the working
// directory. It knows one trade: it looks for the error that the evidence names in the sources, proves with a test that it is the
// cause, takes it out, and shows that the tests pass.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';

const STEPS = [
  'Read the evidence',
  'Find the cause in the sources',
  'Prove it with a test',
  'Repair it',
  'Run the tests',
];
let done = 0;

function progress(note: string): void {
  const plan = STEPS.map((text, index) => ({ text, done: index < done }));
  console.log(`FUNADE_PROGRESS ${JSON.stringify({ plan, note })}`);
  done += 1;
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}

/** Errors that the lines of the functions name, each once. */
function errorsIn(prompt: string): readonly string[] {
  const named = [...prompt.matchAll(/\bError: ([^\n`|]+)/g)].map(([, text = '']) => text.trim());
  return [...new Set(named)];
}

function sources(): readonly string[] {
  return readdirSync('src')
    .filter((name) => name.endsWith('.js'))
    .map((name) => join('src', name));
}

interface Cause {
  readonly file: string;
  readonly index: number;
  readonly line: string;
  readonly error: string;
}

/** The line that throws one of the errors. */
function causeOf(errors: readonly string[]): Cause | null {
  for (const file of sources()) {
    for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
      const error = errors.find((text) => line.includes('throw') && line.includes(text));
      if (error !== undefined) return { file, index, line, error };
    }
  }
  return null;
}

function testsPass(): boolean {
  const { status, stdout, stderr } = spawnSync('npm', ['test'], { encoding: 'utf8' });
  console.log(`npm test ended with ${status}`);
  if (status !== 0) console.log(`${stdout}\n${stderr}`.split('\n').slice(-15).join('\n'));
  return status === 0;
}

const prompt = await readText(process.stdin);
progress('reading the issue');
const errors = errorsIn(prompt);
if (errors.length === 0) fail('The issue names no error.');
console.log(`errors in the evidence: ${errors.join(' · ')}`);

progress(`looking for "${errors[0]}"`);
const cause = causeOf(errors);
if (cause === null) fail(`Nothing in src throws ${errors.join(' or ')}.`);
console.log(`found in ${cause.file}:${cause.index + 1}: ${cause.line.trim()}`);

progress('writing a test that fails');
const proof = `
test('hello answers every request in production', async () => {
  process.env.FUNADE_ENVIRONMENT = 'production';
  for (let count = 1; count <= 20; count += 1) assert.equal((await hello(get('/hello'))).statusCode, 200, \`request \${count}\`);
});
`;
const tests = join('test', 'handlers.test.js');
writeFileSync(tests, readFileSync(tests, 'utf8') + proof);
if (testsPass()) fail('The test does not show the fault.');

progress(`repairing ${cause.file}`);
const lines = readFileSync(cause.file, 'utf8').split('\n');
writeFileSync(cause.file, lines.filter((_, index) => index !== cause.index).join('\n'));

progress('running the tests');
if (!testsPass()) fail('The tests fail after the repair.');

progress('done');
writeFileSync(
  process.env['FUNADE_SUMMARY_FILE'] ?? 'summary.md',
  `\`${cause.file}\` threw \`${cause.error}\` in production only:

\`\`\`js
${cause.line.trim()}
\`\`\`

That line is gone, and \`${tests}\` now asks \`hello\` twenty times as production does. The test failed before the repair and passes now.
`,
);
