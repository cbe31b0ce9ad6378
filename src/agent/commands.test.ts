import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asksForRetry, commandsIn, hasMarker, withoutCommands } from './commands.ts';

const kinds = (body: string) => commandsIn(body).map(({ kind }) => kind);

describe('a command is a line of its own', () => {
  test.each([
    ['stop', '/funade stop', ['stop']],
    ['pause', '/funade pause', ['pause']],
    ['resume', '/funade resume', ['resume']],
    ['retry', '/funade retry', ['retry']],
    ['the plan is good', '/funade plan ok', ['approve']],
    ['whatever the case of its letters', '/FUNADE Plan OK', ['approve']],
    ['with a full stop', '/funade stop.', ['stop']],
    ['with spaces around', '   /funade \t stop  ', ['stop']],
    ['between other lines', 'Please wait.\n/funade pause\nThe API changes today.', ['pause']],
    ['with the line ends of Windows', 'a\r\n/funade stop\r\nb', ['stop']],
    ['with a reason', '/funade stop this is the wrong branch', ['stop']],
    ['one after the other', '/funade pause\n/funade resume', ['pause', 'resume']],
    ['after a quotation', '> what about it?\n/funade stop', ['stop']],
    ['after a code block that was closed', '```sh\nls\n```\n/funade stop', ['stop']],
    ['after code within a line', '```ls``` is enough\n/funade stop', ['stop']],
    ['nobody knows', '/funade dance', ['unknown']],
    ['without a word', '/funade', ['unknown']],
    ['that agrees under a condition is no consent', '/funade plan ok but without the tests', ['unknown']],
    ['of another form is not guessed', '/funade plan okay', ['unknown']],
  ])('%s', (_, body, expected) => {
    expect(kinds(body)).toEqual(expected);
  });

  test.each([
    ['in the middle of a line', 'write /funade stop to stop'],
    ['in a quotation', '> /funade stop'],
    ['in a code block', '```\n/funade stop\n```'],
    ['in a code block with tildes', '~~~text\n/funade stop\n~~~'],
    ['in a code block within a longer fence', '````\n```\n/funade stop\n```\n````'],
    ['in a code block that is never closed', '```\n/funade stop'],
    ['in an indented code block', '    /funade stop'],
    ['as code', '`/funade stop`'],
    ['hidden in an HTML comment', '<!--\n/funade stop\n-->'],
    ['as the beginning of a path', '/funade.yaml is wrong'],
    ['as the beginning of another word', '/funadestop'],
    ['in an empty comment', ''],
  ])('none %s', (_, body) => {
    expect(kinds(body)).toEqual([]);
  });
});

test('what else the line says is its reason', () => {
  expect(commandsIn('/funade stop, wrong branch ')).toEqual([{ kind: 'stop', why: 'wrong branch' }]);
  expect(commandsIn('/funade pause')).toEqual([{ kind: 'pause', why: null }]);
});

test('of an unknown command only letters, digits, spaces and hyphens are kept, and not many', () => {
  expect(commandsIn('/funade @team <b>x</b> #12')).toEqual([{ kind: 'unknown', text: 'team bxb 12' }]);
  const [long] = commandsIn(`/funade ${'x'.repeat(500)}`);
  expect(long).toEqual({ kind: 'unknown', text: 'x'.repeat(40) });
});

test('what is left without the commands is for the agent', () => {
  expect(withoutCommands('Use tabs.\n/funade resume\nAnd tests.')).toBe('Use tabs.\nAnd tests.');
  expect(withoutCommands('/funade stop')).toBe('');
  expect(withoutCommands('```\n/funade stop\n```')).toBe('```\n/funade stop\n```');
});

test('text of any kind is read without a fault, and a comment without the word has no command', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (body) => {
      const commands = commandsIn(body);
      return body.toLowerCase().includes('/funade') || commands.length === 0;
    }),
  );
});

test('a command that stands on the first line is found whatever follows', () => {
  fc.assert(
    fc.property(fc.string(), (rest) => {
      const found = commandsIn(`/funade stop\n${rest}`);
      return found[0]?.kind === 'stop';
    }),
  );
});

test('a text of many openings of hidden parts takes no time that anybody notices', () => {
  const began = performance.now();
  commandsIn('<!--'.repeat(250_000));
  expect(performance.now() - began).toBeLessThan(5000);
});

test('our own comments are known by their first line, a retry by its command', () => {
  expect(hasMarker('<!-- funade:funade-task-issue-1 -->\nhello')).toBe(true);
  expect(hasMarker('> <!-- funade:funade-task-issue-1 -->')).toBe(false);
  expect(asksForRetry('Once more:\n/funade retry')).toBe(true);
  expect(asksForRetry('/funade resume')).toBe(false);
});
