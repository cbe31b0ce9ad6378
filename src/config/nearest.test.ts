import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const KNOWN = ['functions', 'pipeline', 'environments', 'run', 'route', 'runtime'];

test.each([
  ['fuctions', 'functions'],
  ['Pipeline', 'pipeline'],
  ['enviroment', 'environments'],
  ['rum', 'run'],
  ['urn', 'run'],
  ['rout', 'route'],
  ['colour', undefined],
  ['x', undefined],
  ['', undefined],
])('%j most likely meant %j', (word, expected) => {
  expect(nearest(word, KNOWN)).toBe(expected);
});

test.each([
  ['warning', ['deny', 'warn', 'off'], 'warn'],
  ['DENYING', ['deny', 'warn', 'off'], 'deny'],
  ['singleReplica', ['singleReplicaUnderHpa', 'hpaAllowsSingleReplica', 'duplicateHpa'], 'singleReplicaUnderHpa'],
  ['image', ['imageWithoutDigest', 'imageNotReleased'], undefined],
  ['offline', ['deny', 'warn', 'off'], undefined],
  ['ser', ['serverAddress'], undefined],
  ['warnEverybodyAtOnce', ['warn'], undefined],
  ['routes', ['route', 'routeTable'], 'route'],
])('%j, written too short or too long, most likely meant one of %j: %j', (word, known, expected) => {
  expect(nearest(word, known)).toBe(expected);
});
