import { Button, NativeSelect, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useSearchParams } from 'react-router';
import { useTexts } from '../language.tsx';
import styles from './list-filter.module.css';

export function ListFilter({ children }: { readonly children: ReactNode }) {
  const { t } = useTexts();
  return (
    <search className={styles['filter']} aria-label={t('list.filter')}>
      {children}
    </search>
  );
}

interface FilterSelectProps {
  readonly label: string;
  /** Name in the page's address, so that a filtered list can be linked to. */
  readonly name: string;
  readonly value: string | null;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
}

export function FilterSelect({ label, name, value, choices }: FilterSelectProps) {
  const { t } = useTexts();
  const [, setSearch] = useSearchParams();

  function choose(chosen: string): void {
    setSearch(
      (search) => {
        if (chosen === '') search.delete(name);
        else search.set(name, chosen);
        return search;
      },
      { replace: true },
    );
  }

  return (
    <NativeSelect
      size="xs"
      label={label}
      value={value ?? ''}
      data={[{ value: '', label: t('list.any') }, ...choices]}
      onChange={(event) => choose(event.currentTarget.value)}
    />
  );
}

/** Instead of a list that the filter left empty. */
export function NoFit() {
  const { t } = useTexts();
  const [, setSearch] = useSearchParams();
  return (
    <>
      <Text mb="xs">{t('list.noFit')}</Text>
      <Button size="xs" variant="default" onClick={() => setSearch({}, { replace: true })}>
        {t('list.clear')}
      </Button>
    </>
  );
}
