import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../report.ts';
import { quantile } from '../statistics.ts';
import { type ForgeName, PROCESSING, type Place, SECTION, until, withPlace } from './place.ts';

const ISSUES = 20;
/** The first ones load what is loaded once. */
const WARM_UP = 2;
/** Milliseconds after the end of a task, whose last writes would hold up the first ones of the next: GitHub wants a second between them. */
const PAUSE = 3000;
/** What is wanted, in milliseconds. */
const LIMIT = 2000;

/** From the label that hands an issue over to the one that says that it is worked on; one issue after the other. */
export async function measureLabels(): Promise<readonly Figure[]> {
  return withPlace('true', async (place) => {
    const figures: Figure[] = [];
    for (const forge of ['github', 'gitlab'] as const) figures.push(await measureOn(place, forge));
    return figures;
  });
}

async function measureOn(place: Place, forge: ForgeName): Promise<Figure> {
  const repository = place.addRepository(forge, 'octo/labels', { 'README.md': '# Labels\n' });
  const times: number[] = [];
  for (let count = 0; count < WARM_UP + ISSUES; count += 1) {
    const issue = place.forgeOf(forge).addIssue(repository, { title: `Issue ${count}` });
    const begun = place.hand(forge, issue);
    const setAt = () => issue.labelEvents.find(({ action, label }) => action === 'add' && label === PROCESSING)?.at;
    await until(
      () => setAt() !== undefined,
      () => `issue ${issue.number} was never claimed`,
    );
    times.push((setAt() ?? Number.NaN) - begun);
    await place.done(issue);
    if (forge === 'github') await sleep(PAUSE);
  }
  const measured = times.slice(WARM_UP);
  return {
    ...{ section: SECTION, name: `label added → processing, ${forge}`, unit: 'ms' },
    rounds: measured,
    target: { limit: LIMIT, kind: 'at_most' },
    note:
      `${measured.length} issues one after the other, by webhook; p95 ${quantile(measured, 0.95).toFixed(0)} ms` +
      (forge === 'github'
        ? '; a second of it is the pause that GitHub asks for between two writes, taking the one label off and putting the other on'
        : ''),
  };
}
