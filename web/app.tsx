import { Anchor, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { Link, Route, Routes, useLocation } from 'react-router';
import styles from './app.module.css';
import { useTexts } from './language.tsx';
import { useLive } from './live.ts';
import { DeliveriesPage } from './pages/deliveries.tsx';
import { DeliveryPage } from './pages/delivery.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { RunPage } from './pages/run.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { SourcesPage } from './pages/sources.tsx';
import { TaskPage } from './pages/task.tsx';
import { TasksPage } from './pages/tasks.tsx';
import { Announcer } from './parts/announcer.tsx';
import { Header } from './parts/header.tsx';
import { Loading } from './parts/loading.tsx';
import { PageTitle } from './parts/page-title.tsx';
import { ProblemNote } from './parts/problem-note.tsx';
import { useSession } from './queries.ts';
import { routes } from './routes.ts';
import { SessionProvider } from './session.tsx';

export function App() {
  const { t } = useTexts();
  const session = useSession();
  const live = useLive(session.data !== undefined && session.data !== null);
  const main = useRef<HTMLElement>(null);
  useFocusOnNavigation(main);
  return (
    <Announcer>
      <a className={styles['skip']} href="#main">
        {t('app.skip')}
      </a>
      <Header session={session.data ?? null} live={live} />
      <main id="main" ref={main} tabIndex={-1} className={styles['main']}>
        <Content session={session} />
      </main>
    </Announcer>
  );
}

function Content({ session }: { readonly session: ReturnType<typeof useSession> }) {
  if (session.data === null) return <SignInPage />;
  if (session.data !== undefined) {
    return (
      <SessionProvider value={session.data}>
        <Routes>
          <Route path={routes.overview} element={<OverviewPage />} />
          <Route path={routes.run} element={<RunPage />} />
          <Route path={routes.deliveries} element={<DeliveriesPage />} />
          <Route path={routes.delivery} element={<DeliveryPage />} />
          <Route path={routes.tasks} element={<TasksPage />} />
          <Route path={routes.task} element={<TaskPage />} />
          <Route path={routes.sources} element={<SourcesPage />} />
          <Route path="*" element={<NotFound />} />
        </Routes>
      </SessionProvider>
    );
  }
  if (session.isError) return <ProblemNote error={session.error} onRetry={() => void session.refetch()} />;
  return <Loading />;
}

function NotFound() {
  const { t } = useTexts();
  return (
    <>
      <PageTitle>{t('app.notFound')}</PageTitle>
      <Text>
        <Anchor component={Link} to={routes.overview}>
          {t('app.home')}
        </Anchor>
      </Text>
    </>
  );
}

/** After a step to another page, keyboard and screen reader go on at its content, as after a page load. */
function useFocusOnNavigation(main: React.RefObject<HTMLElement | null>): void {
  const { pathname } = useLocation();
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [pathname, main]);
}
