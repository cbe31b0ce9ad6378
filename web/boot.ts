/**
 * Runs as a classic script in the head, before the first paint: it decides language and colour scheme, so the page
 * never flashes in the wrong one. It is a file of its own because the content security policy allows no inline script,
 * and it imports nothing because a classic script can't.
 */
function stored(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    // Storage is refused in some private windows; the browser's own preference is used then.
    return null;
  }
}

function preferredLanguage(): string {
  const candidates = [stored('funade-language'), ...navigator.languages];
  const wanted = candidates
    .map((name) => name?.slice(0, 2).toLowerCase())
    .find((name) => name === 'ja' || name === 'en');
  return wanted ?? 'en';
}

function preferredScheme(): string {
  const choice = stored('funade-color-scheme');
  if (choice === 'light' || choice === 'dark') return choice;
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

document.documentElement.lang = preferredLanguage();
document.documentElement.dataset['mantineColorScheme'] = preferredScheme();
