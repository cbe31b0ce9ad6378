import { QueryCache, QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import {
  ProblemError,
  getApps,
  getPendingApprovals,
  getRun,
  getRuns,
  getSession,
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

/**
 * A command to the server. When it was taken, `onTaken` is told (also when what gave the command has left the screen by
 * then) and everything on the screen is read again.
 */
export function useCommand<T>(command: (input: T) => Promise<void>, onTaken?: (input: T) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: command,
    onSuccess: (_, input) => {
      onTaken?.(input);
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
