import { type MantineColorScheme, NativeSelect, useMantineColorScheme } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { Language } from '../format.ts';
import { useTexts } from '../language.tsx';

const LANGUAGES: readonly { readonly value: Language; readonly label: string }[] = [
  { value: 'en', label: 'English' },
  { value: 'ja', label: '日本語' },
];
const SCHEMES = ['auto', 'light', 'dark'] as const satisfies readonly MantineColorScheme[];

export function Preferences() {
  const { language, setLanguage, t } = useTexts();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const queries = useQueryClient();

  function chooseLanguage(value: string): void {
    setLanguage(value === 'ja' ? 'ja' : 'en');
    // Causes, findings and errors are texts of the server: read them again in the new language.
    void queries.invalidateQueries();
  }

  return (
    <>
      <NativeSelect
        size="xs"
        aria-label={t('app.language')}
        value={language}
        data={[...LANGUAGES]}
        onChange={(event) => chooseLanguage(event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        aria-label={t('app.theme')}
        value={colorScheme}
        data={SCHEMES.map((scheme) => ({ value: scheme, label: t(`app.theme.${scheme}`) }))}
        onChange={(event) => setColorScheme(SCHEMES.find((scheme) => scheme === event.currentTarget.value) ?? 'auto')}
      />
    </>
  );
}
