import { Text } from '@mantine/core';
import { useTexts } from '../language.tsx';
import { ConnectNote } from '../parts/connect-note.tsx';
import { Loading } from '../parts/loading.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import styles from '../parts/panel.module.css';
import { ProblemNote } from '../parts/problem-note.tsx';
import { SourcePanel } from '../parts/source-panel.tsx';
import { useSources } from '../queries.ts';

export function SourcesPage() {
  const { t } = useTexts();
  const sources = useSources();
  const untouched = sources.data?.every((source) => source.secrets.length === 0 && source.credentials === 'none');
  return (
    <>
      <PageTitle>{t('sources.title')}</PageTitle>
      <Text size="sm" mb="md">
        {t('sources.intro')}
      </Text>
      {sources.isError && <ProblemNote error={sources.error} onRetry={() => void sources.refetch()} />}
      {sources.isPending && <Loading />}
      <div className={styles['stack']}>
        {untouched === true && <ConnectNote title={t('sources.empty')} />}
        {sources.data?.map((source) => (
          <SourcePanel key={source.name} source={source} />
        ))}
      </div>
    </>
  );
}
