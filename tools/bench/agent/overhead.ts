import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FakeRepository, FakeSubject } from '../../../test/fakes/forge/world.ts';
import type { Figure } from '../report.ts';
import { median, medianRatio } from '../statistics.ts';
import { proposeByHand } from './by-hand.ts';
import { type Place, SECTION, withPlace } from './place.ts';

const TASKS = 10;
const WARM_UP = 1;
/** What is wanted, in milliseconds. */
const LIMIT = 3000;
const TOGETHER = 8;
const ROUNDS = 3;
/** 5 MB that git can not make smaller. */
const FILES = 50;
const BYTES = 100 * 1024;
/** The agent, whose own time is next to nothing. */
const AGENT = "printf 'hello\\n' > greeting.txt";

/** All that Funade does around an agent, beside the same by hand with plain git; and several tasks at once beside one. */
export async function measureOverhead(): Promise<readonly Figure[]> {
  return withPlace(AGENT, async (place) => {
    const files = Object.fromEntries(
      Array.from({ length: FILES }, (_, index) => [`data/${index}.bin`, randomBytes(BYTES)]),
    );
    const origin = place.addRepository('gitlab', 'group/origin', files);
    return [await measureOneByOne(place, origin), await measureTogether(place, origin)];
  });
}

async function measureOneByOne(place: Place, origin: FakeRepository): Promise<Figure> {
  const pairs: { readonly subject: number; readonly peer: number }[] = [];
  const parts: Parts[] = [];
  for (let count = 0; count < WARM_UP + TASKS; count += 1) {
    const repository = place.addRepository('gitlab', `group/new-${count}`, directoryOf(origin));
    const issue = place.forgeOf('gitlab').addIssue(repository, { title: 'Greet' });
    const before = place.forgeOf('gitlab').requests.length;
    const begun = place.hand('gitlab', issue);
    await place.done(issue);
    const own = partsOf(place, { issue, before, begun });
    const peer = await byHand(place, repository);
    if (count < WARM_UP) continue;
    parts.push(own);
    pairs.push({ subject: own.whole, peer });
  }
  const of = (name: keyof Parts) => median(parts.map((each) => each[name])).toFixed(0);
  return {
    ...{ section: SECTION, name: 'around an agent, new repository of 5 MB', unit: 'ms' },
    rounds: pairs.map(({ subject }) => subject),
    peer: { name: 'git by hand', rounds: pairs.map(({ peer }) => peer) },
    ratio: medianRatio(pairs),
    target: { limit: LIMIT, kind: 'at_most' },
    note:
      `from the label to the draft and the label "done", on GitLab, ${TASKS} tasks one after the other; medians: claimed after ` +
      `${of('claim')} ms, clone asked for after ${of('clone')} more, checkout, agent (which writes one file) and commit ${of('work')}, ` +
      `push ${of('push')}, merge request, comment and label ${of('end')}; by hand: clone, branch, commit and push`,
  };
}

interface Parts {
  readonly claim: number;
  readonly clone: number;
  readonly work: number;
  readonly push: number;
  readonly end: number;
  readonly whole: number;
}

/** When the forge was asked for what: the parts between, in milliseconds. */
function partsOf(
  place: Place,
  { issue, before, begun }: { readonly issue: FakeSubject; readonly before: number; readonly begun: number },
): Parts {
  const requests = place.forgeOf('gitlab').requests.slice(before);
  const at = (fits: RegExp) => requests.find(({ method, path }) => fits.test(`${method} ${path}`))?.at ?? Number.NaN;
  const claimed = at(/^PUT .*\/issues\/\d+$/);
  const cloned = at(/git-upload-pack$/);
  const pushed = at(/^POST .*git-receive-pack$/);
  const proposed = at(/^POST .*\/merge_requests$/);
  const ended = issue.labelEvents.at(-1)?.at ?? Number.NaN;
  return {
    claim: claimed - begun,
    clone: cloned - claimed,
    work: pushed - cloned,
    push: proposed - pushed,
    end: ended - proposed,
    whole: ended - begun,
  };
}

async function byHand(place: Place, repository: FakeRepository): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'funade-bench-git-'));
  try {
    return await proposeByHand(place.addressOf(repository), join(folder, 'checkout'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureTogether(place: Place, repository: FakeRepository): Promise<Figure> {
  const pairs: { readonly subject: number; readonly peer: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const peer = await handAll(place, repository, 1);
    const subject = await handAll(place, repository, TOGETHER);
    if (round > 0) pairs.push({ subject, peer });
  }
  return {
    ...{ section: SECTION, name: `${TOGETHER} tasks at once, known repository`, unit: 'ms' },
    rounds: pairs.map(({ subject }) => subject),
    peer: { name: 'one alone', rounds: pairs.map(({ peer }) => peer) },
    ratio: medianRatio(pairs),
    note: `until the last of them is done, all in one repository of 5 MB; ${TOGETHER} one after the other would be a ratio of ${TOGETHER}`,
  };
}

/** Milliseconds until all of so many issues are done. */
async function handAll(place: Place, repository: FakeRepository, count: number): Promise<number> {
  const issues = Array.from({ length: count }, () => place.forgeOf('gitlab').addIssue(repository, { title: 'Greet' }));
  const begun = performance.now();
  for (const issue of issues) place.hand('gitlab', issue);
  for (const issue of issues) await place.done(issue);
  return performance.now() - begun;
}

function directoryOf({ git }: FakeRepository): string {
  if (git === null) throw new Error('there is no git behind it');
  return git.directory;
}
