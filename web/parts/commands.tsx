import styles from './commands.module.css';

interface Command {
  readonly command: string;
  readonly why?: string | undefined;
}

/** Commands to type, one a line; one click selects a command whole. */
export function Commands({ commands }: { readonly commands: readonly Command[] }) {
  return (
    <ul className={styles['commands']}>
      {commands.map(({ command, why }) => (
        <li key={command}>
          <code className={styles['command']}>{command}</code>
          {why !== undefined && <span className={styles['why']}>{why}</span>}
        </li>
      ))}
    </ul>
  );
}
