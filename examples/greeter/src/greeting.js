const GREETING = 'Hello';

const LONGEST_NAME = 60;

/** The text for a name; without one the world is greeted. */
export function greet(name) {
  const trimmed = (name ?? '').trim().slice(0, LONGEST_NAME);
  return `${GREETING}, ${trimmed === '' ? 'world' : trimmed}!`;
}
