import { type EnvironmentView, type ReleaseView, appView, pageOf, releaseView } from '../../api/contract/index.ts';
import { FunadeError } from '../../kernel/index.ts';
import { segment } from '../client.ts';
import { commitsBetween } from '../commits-between.ts';
import { type ReleaseDiff, renderDiff } from '../render/release.ts';
import { type AddCommand, required } from '../shell.ts';

/** `funade diff <app>`: what the newest release would change in each environment. */
export const addDiff: AddCommand = (parent, { text, action }) => {
  parent
    .command('diff')
    .description(text('about.diff'))
    .argument('<app>', text('arg.app'))
    .action(
      action(async (context, invocation) => {
        const name = required(invocation, 0);
        const client = await context.client();
        const app = await client.get(`/api/v1/apps/${segment(name)}`, appView);
        const { items } = await client.get('/api/v1/releases', pageOf(releaseView), { app: name, limit: 100 });
        const releases = items.toSorted((a, b) => b.number - a.number);
        const [newest] = releases;
        if (newest === undefined) {
          const kind = text('kind.of', { kind: text('kind.release'), place: name });
          throw new FunadeError('FUN_NOTHING_FITS', { kind }, { next: [{ command: `funade ship ${name}` }] });
        }
        const readLive = async (environment: EnvironmentView): Promise<ReleaseView | null> => {
          if (environment.live === null) return null;
          const { id } = environment.live;
          const known = releases.find((release) => release.id === id);
          return known ?? client.get(`/api/v1/releases/${segment(id)}`, releaseView);
        };
        const live: { environment: string; release: ReleaseView | null }[] = [];
        const commits: Record<string, ReleaseDiff['commits'][string]> = {};
        for (const environment of app.environments) {
          const release = await readLive(environment);
          live.push({ environment: environment.name, release });
          if (release !== null) commits[environment.name] = commitsBetween(release, releases);
        }
        const diff: ReleaseDiff = { app: name, live, newest, commits };
        context.show(diff, (screen) => renderDiff(diff, screen));
      }),
    );
};
