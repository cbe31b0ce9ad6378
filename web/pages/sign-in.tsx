import { Button, PasswordInput, Text } from '@mantine/core';
import { type SyntheticEvent, useState } from 'react';
import { isStatus, signIn } from '../client.ts';
import { useTexts } from '../language.tsx';
import type { TextKey } from '../locales/en.ts';
import { Commands } from '../parts/commands.tsx';
import { PageTitle } from '../parts/page-title.tsx';
import styles from '../parts/panel.module.css';
import { ProblemNote } from '../parts/problem-note.tsx';
import { useCommand } from '../queries.ts';

export function SignInPage() {
  const { t } = useTexts();
  const [token, setToken] = useState('');
  const [empty, setEmpty] = useState(false);
  const send = useCommand(signIn);

  // The server's advice for an unknown token is for programs; here it belongs to the field.
  const refused = isStatus(send.error, 401);
  const fault = faultOf(empty, refused);

  function submit(event: SyntheticEvent): void {
    event.preventDefault();
    setEmpty(token.trim() === '');
    if (token.trim() !== '') send.mutate(token.trim());
  }

  return (
    <div className={styles['narrow']}>
      <PageTitle>{t('signIn.title')}</PageTitle>
      <form className={`${styles['panel']} ${styles['stack']}`} onSubmit={submit} noValidate>
        <Text size="sm">
          {t('signIn.intro', { path: '<data dir>/secrets/owner-token', dir: '<data dir>', default: './.funade' })}
        </Text>
        <PasswordInput
          label={t('signIn.token')}
          value={token}
          autoFocus
          autoComplete="off"
          spellCheck={false}
          error={fault === null ? undefined : t(fault)}
          onChange={(event) => setToken(event.currentTarget.value)}
        />
        <div>
          <Button type="submit" loading={send.isPending}>
            {t('signIn.submit')}
          </Button>
        </div>
        {send.isError && !refused && <ProblemNote error={send.error} />}
        <div>
          <Text size="sm">{t('signIn.command')}</Text>
          <Commands commands={[{ command: 'cat .funade/secrets/owner-token' }]} />
        </div>
        <div>
          <Text size="sm">{t('signIn.others')}</Text>
          <Commands commands={[{ command: 'funade token create --name <name> --role viewer' }]} />
        </div>
      </form>
    </div>
  );
}

function faultOf(empty: boolean, refused: boolean): TextKey | null {
  if (empty) return 'signIn.empty';
  return refused ? 'signIn.refused' : null;
}
