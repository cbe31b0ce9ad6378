import { Text } from '@mantine/core';
import { useSearchParams } from 'react-router';
import type { TaskView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import { ConnectNote } from '../parts/connect-note.tsx';
import { FilterSelect, ListFilter, NoFit } from '../parts/list-filter.tsx';
import { LoadMore } from '../parts/load-more.tsx';
import { Loading } from '../parts/loading.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { TaskList } from '../parts/task-list.tsx';
import { useTasks } from '../queries.ts';
import { TASK_STATES } from '../signs.ts';

export function TasksPage() {
  const { t } = useTexts();
  const [search] = useSearchParams();
  const state: TaskView['state'] | null = TASK_STATES.find((each) => each === search.get('state')) ?? null;
  const list = useTasks(state);
  const tasks = list.data ?? [];
  const isEmpty = list.isSuccess && !list.isPlaceholderData && tasks.length === 0;

  return (
    <>
      <PageTitle>{t('tasks.title')}</PageTitle>
      <Text size="sm" mb="md">
        {t('tasks.intro')}
      </Text>
      {list.isError && !list.isFetchNextPageError && (
        <ProblemNote error={list.error} onRetry={() => void list.refetch()} />
      )}
      {list.isPending && <Loading />}
      {isEmpty && state === null && <ConnectNote title={t('tasks.empty')} how={t('tasks.empty.how')} />}
      {list.isSuccess && (state !== null || !isEmpty) && (
        <ListFilter>
          <FilterSelect
            label={t('tasks.state')}
            name="state"
            value={state}
            choices={TASK_STATES.map((each) => ({ value: each, label: t(`task.${each}`) }))}
          />
        </ListFilter>
      )}
      {isEmpty && state !== null && <NoFit />}
      {tasks.length > 0 && <TaskList tasks={tasks} />}
      <LoadMore list={list} />
    </>
  );
}
