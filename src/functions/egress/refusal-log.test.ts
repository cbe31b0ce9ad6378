import { expect, test } from 'vitest';
import { createManualClock } from '../../kernel/index.ts';
import { createRefusalLog } from './refusal-log.ts';
import { denied, unreachable } from './refusals.ts';

const target = { host: 'a.example', port: 443 };

function start() {
  const clock = createManualClock();
  const lines: string[] = [];
  return { clock, lines, tell: createRefusalLog((text) => lines.push(text), clock) };
}

test('the same refusal is told once a minute', () => {
  const { clock, lines, tell } = start();
  tell(denied(target, []));
  tell(denied(target, []));
  clock.advance(59_999);
  tell(denied(target, []));
  expect(lines).toHaveLength(1);
  clock.advance(1);
  tell(denied(target, []));
  expect(lines).toHaveLength(2);
});

test('another host, port or reason is told at once', () => {
  const { lines, tell } = start();
  tell(denied(target, []));
  tell(denied({ ...target, port: 80 }, []));
  tell(denied({ ...target, host: 'b.example' }, []));
  tell(unreachable(target, 'ECONNREFUSED'));
  expect(lines).toHaveLength(4);
});

test('a line says what was refused, what is allowed, and what to do', () => {
  const { lines, tell } = start();
  tell(denied(target, [{ host: '*.example.com', port: 443 }]));
  expect(lines).toEqual([
    'Egress: a.example:443 is not among the hosts that this function may reach: *.example.com:443. ' +
      'Add "a.example:443" to the function\'s egress list, if it needs it.',
  ]);
});

test('host after host does not fill the log', () => {
  const { clock, lines, tell } = start();
  for (let index = 0; index < 5_000; index += 1) {
    tell(denied({ host: `${index}.example`, port: 443 }, []));
    clock.advance(10);
  }
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toContain('more was refused');
  clock.advance(60_000);
  tell(denied(target, []));
  expect(lines).toHaveLength(102);
});
