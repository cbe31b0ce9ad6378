import { formatDuration } from '../../../src/kernel/index.ts';
import { createNarrator } from '../narrator.ts';
import { checksOf } from './findings.ts';
import { setLoopStage } from './stage.ts';
import { tellLoop } from './story.ts';

/** The loop from a failed release to the one that repairs it. Answers 0 when every step was seen. */
export async function playLoop(whileUp: (address: string) => Promise<void>): Promise<number> {
  const stage = await setLoopStage();
  const { server, github, repository } = stage;
  console.log(`Funade ${server.version} is up, with a forge of its own`);
  console.log(`  dashboard  ${server.address}/`);
  console.log(`  forge      ${github.url}/${repository.fullName}`);
  console.log(`  isolation  ${server.isolation}`);
  console.log(`  token      ${server.ownerTokenFile}`);
  try {
    const narrator = createNarrator();
    const begun = performance.now();
    const story = await tellLoop(stage, narrator).finally(() => narrator.close());
    const checks = checksOf(story, stage);
    console.log('');
    for (const { text, ok } of checks) console.log(`${ok ? '✔' : '✖'} ${text}`);
    for (const fault of github.faults) console.log(`  ${fault}`);
    console.log(`\nThe story took ${formatDuration(performance.now() - begun)}.`);
    await whileUp(server.address);
    return checks.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await stage.close();
  }
}
