import { createLiveScreen, renderRun, renderRunChanges } from '../../src/cli/index.ts';
import type { RunView } from '../../src/api/contract/index.ts';
import { formatDuration, languageOf, systemClock } from '../../src/kernel/index.ts';
import { findingsOf } from './findings.ts';
import { setStage } from './stage.ts';
import { type Narrator, tell } from './story.ts';
import { summaryOf } from './summary.ts';

const ascii = !/utf-?8/i.test(process.env['LC_ALL'] ?? process.env['LC_CTYPE'] ?? process.env['LANG'] ?? 'UTF-8');
const language = languageOf(process.env['FUNADE_LANG']);
const isLive = process.stdout.isTTY === true && process.env['CI'] === undefined;
const color = isLive && process.env['NO_COLOR'] === undefined;

/** On a terminal the run's tree repaints in place; elsewhere only changes are printed, a line each. */
function createNarrator(): Narrator & { close(): void } {
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

async function main(): Promise<number> {
  const stage = await setStage();
  console.log(`Funade ${stage.server.version} is up after ${formatDuration(stage.startedIn)}`);
  console.log(`  dashboard  ${stage.server.address}/`);
  console.log(`  webhook    ${stage.server.address}/webhook/github`);
  console.log(`  data       ${stage.server.dataDir}`);
  console.log(`  database   ${stage.server.database}`);
  console.log(`  isolation  ${stage.server.isolation}`);
  console.log(`  token      ${stage.server.ownerTokenFile}`);
  let ok = false;
  try {
    const narrator = createNarrator();
    const begun = performance.now();
    const story = await tell(stage, narrator).finally(() => narrator.close());
    const findings = findingsOf(story);
    ok = findings.checks.every((check) => check.ok);
    for (const line of ['', ...summaryOf(findings), '', `The story took ${formatDuration(performance.now() - begun)}.`])
      console.log(line);
    if (!process.argv.includes('--exit')) await untilInterrupted(stage.server.address);
  } finally {
    await stage.close();
  }
  return ok ? 0 : 1;
}

async function untilInterrupted(address: string): Promise<void> {
  console.log(`The dashboard stays up at ${address}/ until Ctrl-C.`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

process.exitCode = await main();
