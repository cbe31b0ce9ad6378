import { Button } from '@mantine/core';
import { Link, NavLink } from 'react-router';
import type { SessionView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import type { LiveState } from '../live.ts';
import { useSignOut } from '../queries.ts';
import { routes } from '../routes.ts';
import styles from './header.module.css';
import { Preferences } from './preferences.tsx';

interface HeaderProps {
  readonly session: SessionView | null;
  readonly live: LiveState;
}

export function Header({ session, live }: HeaderProps) {
  const { t } = useTexts();
  const signOut = useSignOut();
  return (
    <header className={styles['header']}>
      <div className={styles['inner']}>
        <Link to={routes.overview} className={styles['brand']}>
          <svg viewBox="0 0 24 24" aria-hidden="true" className={styles['logo']}>
            <path d="M11.2 2.5v14H3.6z" className={styles['sail']} />
            <path d="M13.2 6.2v10.3h6.4z" className={styles['jib']} />
            <path d="M2.5 18.4h19l-2.2 3.1H5.2z" className={styles['hull']} />
          </svg>
          Funade
        </Link>
        {session !== null && <LiveBadge state={live} />}
        {session !== null && <Pages />}
        <div className={styles['end']}>
          <Preferences />
          {session !== null && (
            <>
              <span className={styles['who']}>
                {t('app.signedInAs', { user: session.user, role: t(`role.${session.role}`) })}
              </span>
              <Button variant="default" size="xs" onClick={() => signOut.mutate()} loading={signOut.isPending}>
                {t('app.signOut')}
              </Button>
            </>
          )}
        </div>
      </div>
    </header>
  );
}

const PAGES = ['overview', 'deliveries', 'tasks', 'sources'] as const;

function Pages() {
  const { t } = useTexts();
  return (
    <nav aria-label={t('nav.label')} className={styles['pages']}>
      {PAGES.map((page) => (
        <NavLink key={page} to={routes[page]} end={page === 'overview'} className={styles['page'] ?? ''}>
          {t(`${page}.title`)}
        </NavLink>
      ))}
    </nav>
  );
}

function LiveBadge({ state }: { readonly state: LiveState }) {
  const { t } = useTexts();
  return (
    <span role="status" className={styles['live']} data-state={state}>
      {t(`live.${state}`)}
    </span>
  );
}
