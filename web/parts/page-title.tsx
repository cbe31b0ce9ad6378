import { Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../language.tsx';

/** The heading of a page, which also names the browser's tab. */
export function PageTitle({ children, after }: { readonly children: string; readonly after?: ReactNode }) {
  const { t } = useTexts();
  return (
    <>
      <title>{`${children} · ${t('app.title')}`}</title>
      <Title order={1} size="h3" mb="md">
        {children}
        {after}
      </Title>
    </>
  );
}
