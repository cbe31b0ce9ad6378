import { formatDuration } from '../../src/kernel/index.ts';
import { findingsOf } from './findings.ts';
import { playLoop } from './loop/play.ts';
import { createNarrator } from './narrator.ts';
import { setStage } from './stage.ts';
import { tell } from './story.ts';
import { summaryOf } from './summary.ts';

/** `--loop`: a release that fails, and the agent that repairs it; else the releases A to D. */
async function main(): Promise<number> {
  const stays = !process.argv.includes('--exit');
  const whileUp = stays ? untilInterrupted : () => Promise.resolve();
  return process.argv.includes('--loop') ? playLoop(whileUp) : playReleases(whileUp);
}

async function playReleases(whileUp: (address: string) => Promise<void>): Promise<number> {
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
    await whileUp(stage.server.address);
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
