import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import type { RunView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import { runPath } from '../routes.ts';
import { runSign } from '../signs.ts';
import { Elapsed, SpanText } from './elapsed.tsx';
import { CommitLine } from './release-line.tsx';
import styles from './run-list.module.css';
import { SignMark } from './sign.tsx';

/** Runs as links, one a line: name, state, commit, how long it took and when it came. */
export function RunList({ runs }: { readonly runs: readonly RunView[] }) {
  const { t } = useTexts();
  return (
    <ul className={styles['list']} aria-label={t('overview.recent')}>
      {runs.map((run) => (
        <li key={run.id} className={styles['run']}>
          <Anchor component={Link} to={runPath(run.id)} className={styles['name']}>
            {nameOf(run, t)}
          </Anchor>
          <span className={styles['state']}>
            <SignMark sign={runSign(run.state)} />
          </span>
          <span className={styles['commit']}>{run.commit !== null && <CommitLine commit={run.commit} />}</span>
          <span className={styles['time']}>
            {run.startedAt !== null && <Elapsed from={run.startedAt} to={run.finishedAt} />}
          </span>
          <span className={styles['time']}>
            <SpanText at={run.createdAt} text={(duration) => t('run.ago', { duration })} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** `greeter v12`, or the application alone before the run has made its release. */
export function nameOf(run: RunView, t: ReturnType<typeof useTexts>['t']): string {
  const release = run.release === null ? `(${t('run.noRelease')})` : `v${run.release.number}`;
  return t('run.title', { app: run.app, release });
}
