import { VisuallyHidden } from '@mantine/core';
import { type ReactNode, createContext, use, useState } from 'react';

const AnnounceContext = createContext<(text: string) => void>(() => undefined);

/** Tells screen readers what a command did: what it changed is elsewhere on the screen by then. */
export function Announcer({ children }: { readonly children: ReactNode }) {
  const [text, setText] = useState('');
  return (
    <AnnounceContext value={setText}>
      {children}
      <VisuallyHidden role="status">{text}</VisuallyHidden>
    </AnnounceContext>
  );
}

export function useAnnounce(): (text: string) => void {
  return use(AnnounceContext);
}
