import { Anchor, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import type { RunView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import { isActive, runInFocus } from '../overview.ts';
import { ApprovalCard } from '../parts/approval-card.tsx';
import { AppTable } from '../parts/app-table.tsx';
import { Commands } from '../parts/commands.tsx';
import { Elapsed } from '../parts/elapsed.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { Loading } from '../parts/loading.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import styles from '../parts/panel.module.css';
import { ProblemNote } from '../parts/problem-note.tsx';
import { CommitLine } from '../parts/release-line.tsx';
import { RunList, nameOf } from '../parts/run-list.tsx';
import { RunTroubles } from '../parts/run-troubles.tsx';
import { SignMark } from '../parts/sign.tsx';
import { StageTree } from '../parts/stage-tree.tsx';
import { useApps, usePendingApprovals, useRuns } from '../queries.ts';
import { runPath } from '../routes.ts';
import { runSign } from '../signs.ts';

export function OverviewPage() {
  const { t } = useTexts();
  const apps = useApps();
  const runs = useRuns();
  const approvals = usePendingApprovals();
  const failed = [apps, runs, approvals].find((query) => query.isError);

  return (
    <>
      <PageTitle>{t('overview.title')}</PageTitle>
      {failed !== undefined && <ProblemNote error={failed.error} onRetry={() => void failed.refetch()} />}
      {apps.isPending && <Loading />}
      {apps.data?.length === 0 && <EmptyState />}
      {apps.data !== undefined && apps.data.length > 0 && <AppTable apps={apps.data} runs={runs.data ?? []} />}
      {approvals.data !== undefined && approvals.data.length > 0 && (
        <section className={styles['section']} aria-labelledby="approvals">
          <Title order={2} size="h4" mb="sm" id="approvals">
            {t('overview.approvals')}
          </Title>
          <div className={styles['stack']}>
            {approvals.data.map((approval) => (
              <ApprovalCard key={approval.id} approval={approval} />
            ))}
          </div>
        </section>
      )}
      {apps.data !== undefined && apps.data.length > 0 && runs.data !== undefined && <Runs runs={runs.data} />}
    </>
  );
}

function Runs({ runs }: { readonly runs: readonly RunView[] }) {
  const { t } = useTexts();
  const focus = runInFocus(runs);
  if (focus === undefined) {
    return (
      <section className={`${styles['panel']} ${styles['section']}`}>
        <Text>{t('overview.noRun')}</Text>
        <Text size="sm">{t('overview.noRun.hint')}</Text>
        <Commands commands={[{ command: 'funade ship <app>' }]} />
      </section>
    );
  }
  const others = runs.filter((run) => run.id !== focus.id);
  return (
    <>
      <FocusedRun run={focus} />
      {others.length > 0 && (
        <section className={styles['section']} aria-labelledby="recent">
          <Title order={2} size="h4" mb="sm" id="recent">
            {t('overview.recent')}
          </Title>
          <RunList runs={others} />
        </section>
      )}
    </>
  );
}

function FocusedRun({ run }: { readonly run: RunView }) {
  const { t } = useTexts();
  const name = nameOf(run, t);
  return (
    <section className={styles['section']} aria-labelledby="run">
      <Title order={2} size="h4" mb="sm" id="run">
        {t(isActive(run) ? 'overview.runActive' : 'overview.runNewest')}
      </Title>
      <div className={styles['panel']}>
        <div className={styles['head']}>
          <Title order={3} size="h5">
            {name}
          </Title>
          <SignMark sign={runSign(run.state)} />
          {run.commit !== null && (
            <span className={styles['soft']}>
              <CommitLine commit={run.commit} />
            </span>
          )}
          <span className={`${styles['soft']} ${styles['end']}`}>
            {run.startedAt !== null && <Elapsed from={run.startedAt} to={run.finishedAt} />}{' '}
            <Anchor
              component={Link}
              to={runPath(run.id)}
              size="sm"
              ml="sm"
              aria-label={t('run.details.label', { run: name })}
            >
              {t('run.details')}
            </Anchor>
          </span>
        </div>
        <RunTroubles run={run} />
        <StageTree label={t('run.stagesOf', { run: name })} stages={run.stages} decide={false} />
      </div>
    </section>
  );
}
