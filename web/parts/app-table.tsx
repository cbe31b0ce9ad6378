import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import type { AppView, RunView } from '../../src/api/contract/index.ts';
import { useTexts } from '../language.tsx';
import { environmentNames, rolloutOf } from '../overview.ts';
import { runPath } from '../routes.ts';
import styles from './app-table.module.css';
import { EnvironmentCell } from './environment-cell.tsx';

interface AppTableProps {
  readonly apps: readonly AppView[];
  readonly runs: readonly RunView[];
}

/**
 * Applications × environments. The roles are written out because narrow screens stack the cells, and a table whose
 * display is changed loses them otherwise.
 */
export function AppTable({ apps, runs }: AppTableProps) {
  const { t } = useTexts();
  const names = environmentNames(apps);
  return (
    <table role="table" className={styles['table']} aria-label={t('overview.apps')}>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col" className={styles['corner']}>
            {t('overview.app')}
          </th>
          {names.map((name) => (
            <th key={name} role="columnheader" scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {apps.map((app) => (
          <tr role="row" key={app.name}>
            <AppHead app={app} />
            {names.map((name) => (
              <Cell key={name} app={app} name={name} runs={runs} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function AppHead({ app }: { readonly app: AppView }) {
  const { t } = useTexts();
  return (
    <th role="rowheader" scope="row" className={styles['app']}>
      <span className={styles['name']}>{app.name}</span>
      <span className={styles['repository']}>{app.repository}</span>
      {app.lastRunId !== null && (
        <Anchor component={Link} to={runPath(app.lastRunId)} size="sm">
          {t('overview.lastRun')}
        </Anchor>
      )}
    </th>
  );
}

interface CellProps {
  readonly app: AppView;
  readonly name: string;
  readonly runs: readonly RunView[];
}

function Cell({ app, name, runs }: CellProps) {
  const { t } = useTexts();
  const environment = app.environments.find((candidate) => candidate.name === name);
  return (
    <td role="cell" className={styles['cell']} data-label={name}>
      {environment === undefined ? (
        <span className={styles['absent']}>{t('overview.noEnvironment')}</span>
      ) : (
        <EnvironmentCell environment={environment} rollout={rolloutOf(environment, runs)} />
      )}
    </td>
  );
}
