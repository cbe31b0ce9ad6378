import { Skeleton, VisuallyHidden } from '@mantine/core';
import { useTexts } from '../language.tsx';

export function Loading() {
  const { t } = useTexts();
  return (
    <div aria-busy="true">
      <VisuallyHidden>{t('app.loading')}</VisuallyHidden>
      <Skeleton height={26} width={180} mb="md" />
      <Skeleton height={190} mb="lg" />
      <Skeleton height={260} />
    </div>
  );
}
