import { describe, expect, test } from 'vitest';
import { type CompilerLimits, type Patience, createCompilers } from './compilers.ts';

/** Compilers whose work begins and ends as the test says. */
function startBench(limits: Partial<CompilerLimits> = {}) {
  const compilers = createCompilers({ atOnce: 1, waiting: 2, turn: 60_000, ...limits });
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const ask = (key: string, patience: Patience = 'refusable') =>
    compilers.run({
      key,
      patience,
      work: () => {
        begun.push(key);
        const end = Promise.withResolvers<string>();
        ends.set(key, end);
        return end.promise;
      },
    });
  const end = (key: string) => ends.get(key)?.resolve(`/builds/${key}`);
  const fail = (key: string) => ends.get(key)?.reject(new Error(`${key} is wrong`));
  return { compilers, begun, ask, end, fail };
}

const REFUSED = { code: 'FUN_UNAVAILABLE', status: 503, retryable: true };

describe('compilers', () => {
  test('work as many at once as may, the others in the order in which they came', async () => {
    const { begun, ask, end } = startBench({ atOnce: 2 });
    const all = [ask('a'), ask('b'), ask('c'), ask('d')];
    expect(begun).toEqual(['a', 'b']);
    end('b');
    await all[1];
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const key of ['a', 'c']) end(key);
    await Promise.all([all[0], all[2]]);
    end('d');
    await all[3];
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  test('60 pieces of code at once never mean more than one compiler', async () => {
    const compilers = createCompilers({ atOnce: 1, waiting: 100, turn: 60_000 });
    let now = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return '/builds/program';
    };
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => compilers.run({ key: String(index), patience: 'refusable', work })),
    );
    expect(most).toBe(1);
  });

  test('refuse new code when too much waits, and say that it may be sent again', async () => {
    const { begun, ask, end } = startBench();
    const all = [ask('a'), ask('b'), ask('c')];
    await expect(ask('d')).rejects.toMatchObject({ ...REFUSED, message: expect.stringContaining('2 compilations') });
    const again = ask('c'); // waits for the same
    end('a');
    await all[0];
    const late = ask('d');
    end('b');
    await all[1];
    end('c');
    expect(await Promise.all([all[2], again])).toEqual(['/builds/c', '/builds/c']);
    end('d');
    await late;
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  test('never refuse what a version needs', async () => {
    const { begun, ask, end } = startBench({ waiting: 0 });
    const first = ask('a');
    const second = ask('b', 'patient');
    await expect(ask('c')).rejects.toMatchObject(REFUSED);
    end('a');
    await first;
    end('b');
    await second;
    expect(begun).toEqual(['a', 'b']);
  });

  test('tell new code whose turn does not come in time just that, and do not compile it for nobody', async () => {
    const { begun, ask, end } = startBench({ turn: 20 });
    const first = ask('a');
    await expect(ask('b')).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringContaining('no compiler was free for it within 0.02 s'),
    });
    end('a');
    await first;
    expect(begun).toEqual(['a']);
  });

  test('keep the place of code that a version waits for too, and know no deadline for what has begun', async () => {
    const { begun, ask, end } = startBench({ turn: 20 });
    const first = ask('a');
    const refusable = ask('b');
    const patient = ask('b', 'patient');
    await expect(refusable).rejects.toMatchObject(REFUSED);
    end('a');
    await first; // after 20 ms
    end('b');
    await patient;
    expect(begun).toEqual(['a', 'b']);
  });

  test('a failure is told to all who wait for it; the next one works, and the same again is tried again', async () => {
    const { begun, ask, end, fail } = startBench();
    const both = [ask('a'), ask('a')];
    const next = ask('b');
    fail('a');
    for (const each of both) await expect(each).rejects.toThrow('a is wrong');
    end('b');
    await next;
    const again = ask('a');
    end('a');
    await again;
    expect(begun).toEqual(['a', 'b', 'a']);
  });

  test('begin nothing once they are stopped', async () => {
    const { compilers, begun, ask, end } = startBench();
    const first = ask('a');
    const waiting = ask('b', 'patient');
    compilers.stop();
    await expect(waiting).rejects.toMatchObject(REFUSED);
    await expect(ask('c', 'patient')).rejects.toMatchObject(REFUSED);
    end('a');
    await first;
    expect(begun).toEqual(['a']);
  });
});
