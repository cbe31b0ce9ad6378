import { createContext, use } from 'react';
import type { SessionView } from '../src/api/contract/index.ts';

const SessionContext = createContext<SessionView | null>(null);

export const SessionProvider = SessionContext;

/** Who is signed in. Only below the sign-in, so there always is someone. */
export function useSignedIn(): SessionView {
  const session = use(SessionContext);
  if (session === null) throw new Error('useSignedIn needs a SessionProvider above it');
  return session;
}
