import { Text } from '@mantine/core';
import { useSearchParams } from 'react-router';
import type { DeliveryFilter } from '../client.ts';
import { sourceChoices } from '../intake.ts';
import { useTexts } from '../language.tsx';
import { ConnectNote } from '../parts/connect-note.tsx';
import { DeliveryList } from '../parts/delivery-list.tsx';
import { FilterSelect, ListFilter, NoFit } from '../parts/list-filter.tsx';
import { LoadMore } from '../parts/load-more.tsx';
import { Loading } from '../parts/loading.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { mayReadDelivery } from '../permissions.ts';
import { useDeliveries, useSources } from '../queries.ts';
import { useSignedIn } from '../session.tsx';

const OUTCOMES = ['queued', 'ignored', 'pong', 'rejected'] as const;

export function DeliveriesPage() {
  const { t } = useTexts();
  const session = useSignedIn();
  const [search] = useSearchParams();
  const filter: DeliveryFilter = {
    source: search.get('source'),
    outcome: OUTCOMES.find((outcome) => outcome === search.get('outcome')) ?? null,
  };
  const filtered = filter.source !== null || filter.outcome !== null;
  const list = useDeliveries(filter);
  const deliveries = list.data ?? [];
  const isEmpty = list.isSuccess && !list.isPlaceholderData && deliveries.length === 0;

  return (
    <>
      <PageTitle>{t('deliveries.title')}</PageTitle>
      <Text size="sm" mb="md">
        {t('deliveries.intro')}
      </Text>
      {!mayReadDelivery(session) && (
        <Text size="sm" mb="md">
          {t('deliveries.notAllowed', { role: t(`role.${session.role}`) })}
        </Text>
      )}
      {list.isError && !list.isFetchNextPageError && (
        <ProblemNote error={list.error} onRetry={() => void list.refetch()} />
      )}
      {list.isPending && <Loading />}
      {isEmpty && !filtered && <ConnectNote title={t('deliveries.empty')} />}
      {list.isSuccess && (filtered || !isEmpty) && <Filters filter={filter} deliveries={deliveries} />}
      {isEmpty && filtered && <NoFit />}
      {deliveries.length > 0 && <DeliveryList deliveries={deliveries} />}
      <LoadMore list={list} />
    </>
  );
}

interface FiltersProps {
  readonly filter: DeliveryFilter;
  readonly deliveries: Parameters<typeof sourceChoices>[1];
}

function Filters({ filter, deliveries }: FiltersProps) {
  const { t } = useTexts();
  // Without the sources, those of the list are still there to choose from.
  const sources = useSources();
  const names = sourceChoices(sources.data ?? [], deliveries, filter.source);
  return (
    <ListFilter>
      <FilterSelect
        label={t('delivery.source')}
        name="source"
        value={filter.source}
        choices={names.map((name) => ({ value: name, label: name }))}
      />
      <FilterSelect
        label={t('delivery.decision')}
        name="outcome"
        value={filter.outcome}
        choices={OUTCOMES.map((outcome) => ({ value: outcome, label: t(`delivery.${outcome}`) }))}
      />
    </ListFilter>
  );
}
