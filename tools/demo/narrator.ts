import { createLiveScreen, renderRun, renderRunChanges } from '../../src/cli/index.ts';
import type { RunView } from '../../src/api/contract/index.ts';
import { languageOf, systemClock } from '../../src/kernel/index.ts';
import type { Narrator } from './story.ts';

const ascii = !/utf-?8/i.test(process.env['LC_ALL'] ?? process.env['LC_CTYPE'] ?? process.env['LANG'] ?? 'UTF-8');
const language = languageOf(process.env['FUNADE_LANG']);
const isLive = process.stdout.isTTY === true && process.env['CI'] === undefined;
const color = isLive && process.env['NO_COLOR'] === undefined;

/** On a terminal the run's tree repaints in place; elsewhere only changes are printed, a line each. */
export function createNarrator(): Narrator & { close(): void } {
  const screen = isLive ? createLiveScreen({ stream: process.stdout, clock: systemClock }) : null;
  const place = () => ({ width: screen?.width() ?? 100, language, color, ascii, now: Date.now() });
  let last: RunView | null = null;
  let finished = false;
  return {
    say: (text) => {
      if (screen === null) console.log(text);
      else screen.log([text]);
    },
    show: (run) => {
      const before = last?.id === run.id ? last : null;
      if (before === null) finished = false;
      if (screen === null) for (const line of renderRunChanges(before, run, place())) console.log(`  ${line}`);
      else if (!finished) screen.paint(renderRun(run, place()));
      if (screen !== null && run.finishedAt !== null && !finished) {
        screen.paint([]);
        screen.log([...renderRun(run, place()), '']);
        finished = true;
      }
      last = run;
    },
    close: () => screen?.close([]),
  };
}
