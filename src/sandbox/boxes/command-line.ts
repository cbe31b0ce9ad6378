/** What is put around a program before it starts. */
export interface Confinement {
  /** bubblewrap with its arguments up to `--`; null: a plain process. */
  readonly bubblewrap: { readonly program: string; readonly args: readonly string[] } | null;
  /** Becomes this user (and group) before bubblewrap starts. */
  readonly user: { readonly id: number; readonly setpriv: string } | null;
  /** Control group files that the process joins while it is still the server's user. */
  readonly joins: readonly string[];
  /** Open files per process. */
  readonly files: number | null;
  /** Processes and threads of the box's user. */
  readonly processes: number | null;
  /** The same, counted inside the box: where its user is not its own. Linux ≥ 5.14. */
  readonly processesInside: number | null;
}

/** dash and ash say `-p`, where bash says `-u` and means by `-p` what can't be set. */
const LIMIT_PROCESSES = (count: number) => `{ ulimit -p ${count} || ulimit -u ${count}; } 2>/dev/null`;

/** The whole command line. Everything replaces its predecessor, so that the first pid is the last one too. */
export function confine(argv: readonly string[], confinement: Confinement): readonly string[] {
  const { bubblewrap, user, processesInside } = confinement;
  const program =
    processesInside === null
      ? argv
      : ['/bin/sh', '-c', `${LIMIT_PROCESSES(processesInside)}; exec "$@"`, 'sh', ...argv];
  const boxed = bubblewrap === null ? argv : [bubblewrap.program, ...bubblewrap.args, '--', ...program];
  const asUser =
    user === null ? boxed : [user.setpriv, `--reuid=${user.id}`, `--regid=${user.id}`, '--clear-groups', ...boxed];
  return [...prepare(confinement), ...asUser];
}

/** A shell that lowers the limits and joins the control groups. What dies writes no core, whatever else there is to do. */
function prepare({ joins, files, processes }: Confinement): readonly string[] {
  const steps = [
    'ulimit -c 0',
    ...(files === null ? [] : [`ulimit -n ${files}`]),
    ...(processes === null ? [] : [LIMIT_PROCESSES(processes)]),
    ...(joins.length === 0 ? [] : ['while [ "$1" != -- ]; do echo 0 > "$1" || exit 126; shift; done']),
  ];
  return ['/bin/sh', '-c', [...steps, 'shift; exec "$@"'].join('; '), 'sh', ...joins, '--'];
}
