import {
  QueryCache,
  QueryClient,
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { TaskView } from '../src/api/contract/index.ts';
import { NO_LOG, type ShownLog, readOn } from './task-log.ts';
import {
  type DeliveryFilter,
  type Page,
  ProblemError,
  getApps,
  getDeliveries,
  getDelivery,
  getPendingApprovals,
  getRun,
  getRuns,
  getSession,
  getSources,
  getTask,
  getTaskLog,
  getTasks,
  isStatus,
  signOut,
} from './client.ts';

/** Numbers over the last minute change without an event, so the screen also reads them at this pace. */
const PACE_MS = 15_000;

function isWorthRetrying(count: number, error: Error): boolean {
  return !(error instanceof ProblemError && error.problem.status < 500) && count < 2;
}

export function createQueries(): QueryClient {
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (isStatus(error, 401)) queries.setQueryData(['session'], null);
      },
    }),
    defaultOptions: { queries: { retry: isWorthRetrying, staleTime: 1000 } },
  });
  return queries;
}

export function useSession() {
  return useQuery({ queryKey: ['session'], queryFn: ({ signal }) => getSession(signal), staleTime: PACE_MS });
}

export function useApps() {
  return useQuery({ queryKey: ['apps'], queryFn: ({ signal }) => getApps(signal), refetchInterval: PACE_MS });
}

export function useRuns() {
  return useQuery({ queryKey: ['runs'], queryFn: ({ signal }) => getRuns(signal), refetchInterval: PACE_MS });
}

export function useRun(id: string) {
  return useQuery({ queryKey: ['run', id], queryFn: ({ signal }) => getRun(id, signal), refetchInterval: PACE_MS });
}

export function usePendingApprovals() {
  return useQuery({ queryKey: ['approvals'], queryFn: ({ signal }) => getPendingApprovals(signal) });
}

/** The parts of a list that were asked for so far, in one. A new event reads all of them again, since each may have changed. */
function useParts<T>(
  key: readonly (string | null)[],
  read: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>,
) {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (part) => part.next,
    // Another filter does not blank the screen while its list is read.
    placeholderData: keepPreviousData,
    select: ({ pages }) => pages.flatMap((page) => page.items),
  });
}

export function useDeliveries(filter: DeliveryFilter) {
  return useParts(['deliveries', filter.source, filter.outcome], (cursor, signal) =>
    getDeliveries(filter, cursor, signal),
  );
}

export function useDelivery(id: string) {
  return useQuery({ queryKey: ['delivery', id], queryFn: ({ signal }) => getDelivery(id, signal) });
}

export function useTasks(state: TaskView['state'] | null) {
  return useParts(['tasks', state], (cursor, signal) => getTasks(state, cursor, signal));
}

/** What the agent reports of its progress comes without an event. */
const TASK_PACE_MS = 3000;
const LOG_PACE_MS = 2000;

export function useTask(id: string) {
  return useQuery({
    queryKey: ['task', id],
    queryFn: ({ signal }) => getTask(id, signal),
    refetchInterval: ({ state }) =>
      state.data !== undefined && state.data.acts.includes('retry') ? false : TASK_PACE_MS,
  });
}

/** Only what came since is asked for. */
export function useTaskLog(id: string) {
  const queries = useQueryClient();
  const queryKey = ['taskLog', id];
  return useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      readOn(queries.getQueryData<ShownLog>(queryKey) ?? NO_LOG, (after) => getTaskLog(id, after, signal)),
    refetchInterval: ({ state }) => (state.data?.ended === true ? false : LOG_PACE_MS),
  });
}

export function useSources() {
  return useQuery({ queryKey: ['sources'], queryFn: ({ signal }) => getSources(signal), refetchInterval: PACE_MS });
}

/**
 * A command to the server. When it was taken, `onTaken` is told (also when what gave the command has left the screen by
 * then) and everything on the screen is read again.
 */
export function useCommand<T, R = void>(command: (input: T) => Promise<R>, onTaken?: (input: T, answer: R) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: command,
    onSuccess: (answer, input) => {
      onTaken?.(input, answer);
      return queries.invalidateQueries();
    },
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: signOut,
    onSuccess: () => {
      queries.setQueryData(['session'], null);
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
    },
  });
}
