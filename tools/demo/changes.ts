import type { Change } from './repository.ts';

/** B: a good change. */
export const friendlier: Change = {
  message: 'Greet less formally',
  file: 'src/greeting.js',
  edit: (text) => text.replace("const GREETING = 'Hello'", "const GREETING = 'Hi'"),
};

/** C: passes every test and fails one request in five, in production only. */
export const broken: Change = {
  message: 'Count the greetings',
  file: 'src/hello.js',
  edit: (text) =>
    text
      .replace('export async function handler', 'let greetings = 0;\n\nexport async function handler')
      .replace(
        'const name =',
        "greetings += 1;\n  if (process.env.FUNADE_ENVIRONMENT === 'production' && greetings % 5 === 0) throw new Error('the counter is full');\n  const name =",
      ),
};

/** D: does not pass its own tests. */
export const careless: Change = {
  message: 'Shorten long names',
  file: 'src/greeting.js',
  edit: (text) => text.replace('const LONGEST_NAME = 60', 'const LONGEST_NAME = 6'),
};
