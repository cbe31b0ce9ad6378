import { Anchor, Text, Title } from '@mantine/core';
import { Link, useParams } from 'react-router';
import type { RunView } from '../../src/api/contract/index.ts';
import { formatTime } from '../format.ts';
import { useTexts } from '../language.tsx';
import { Elapsed } from '../parts/elapsed.tsx';
import { Fact } from '../parts/fact.tsx';
import { Loading } from '../parts/loading.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import styles from '../parts/panel.module.css';
import { ProblemNote } from '../parts/problem-note.tsx';
import { CommitLine, ReleaseLine } from '../parts/release-line.tsx';
import { nameOf } from '../parts/run-list.tsx';
import { RunTroubles } from '../parts/run-troubles.tsx';
import { SignMark } from '../parts/sign.tsx';
import { StageTree } from '../parts/stage-tree.tsx';
import { useRun } from '../queries.ts';
import { routes } from '../routes.ts';
import { runSign } from '../signs.ts';

export function RunPage() {
  const { t } = useTexts();
  const { id = '' } = useParams();
  const run = useRun(id);
  return (
    <>
      <Text size="sm" mb="xs">
        <Anchor component={Link} to={routes.overview}>
          ← {t('run.back')}
        </Anchor>
      </Text>
      <PageTitle>{run.data === undefined ? t('run.id') : nameOf(run.data, t)}</PageTitle>
      {run.isError && <ProblemNote error={run.error} onRetry={() => void run.refetch()} />}
      {run.isPending && <Loading />}
      {run.data !== undefined && <RunBody run={run.data} />}
    </>
  );
}

function RunBody({ run }: { readonly run: RunView }) {
  const { t } = useTexts();
  return (
    <>
      <Facts run={run} />
      <Title order={2} size="h4" mb="sm">
        {t('run.stages')}
      </Title>
      <div className={styles['panel']}>
        <RunTroubles run={run} />
        <StageTree label={t('run.stages')} stages={run.stages} decide />
      </div>
    </>
  );
}

function Facts({ run }: { readonly run: RunView }) {
  const { t, language } = useTexts();
  const { trigger, startedAt, finishedAt } = run;
  return (
    <dl className={styles['facts']}>
      <Fact name={t('run.state')}>
        <SignMark sign={runSign(run.state)} />
      </Fact>
      <Fact name={t('run.release')}>
        {run.release === null ? t('run.noRelease') : <ReleaseLine release={run.release} />}
      </Fact>
      {run.release === null && run.commit !== null && (
        <Fact name={t('run.commit')}>
          <CommitLine commit={run.commit} />
        </Fact>
      )}
      <Fact name={t('run.trigger')}>
        {t(`run.trigger.${trigger.kind}`, { ref: trigger.ref, actor: trigger.actor })}
      </Fact>
      <Fact name={t('run.started')}>{startedAt === null ? t('run.notStarted') : formatTime(startedAt, language)}</Fact>
      {startedAt !== null && (
        <Fact name={t('run.duration')}>
          <Elapsed from={startedAt} to={finishedAt} />
        </Fact>
      )}
      <Fact name={t('run.id')}>
        <code>{run.id}</code>
      </Fact>
    </dl>
  );
}
