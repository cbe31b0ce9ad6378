import { expect, test } from 'vitest';
import { readPush } from './refusal.ts';

test('a secret is masked wherever the text is cut', () => {
  const secret = 'correct-horse-battery';
  const stdout = Buffer.from('!\tabc:refs/heads/x\t[remote rejected] (declined)\n');
  for (const before of [0, 1950, 1960, 1970]) {
    const stderr = `remote: ${'x'.repeat(before)} ${secret}\n`;
    const sent = readPush({ code: 1, stdout, stderr, timedOut: false, truncated: false }, [secret]);
    expect(sent).toMatchObject({ kind: 'refused', reason: 'push_rejected' });
    expect(JSON.stringify(sent)).not.toContain('correct');
  }
});
