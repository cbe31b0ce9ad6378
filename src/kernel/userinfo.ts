/** User and password of all addresses in a text, replaced: `https://mona:pw@host` becomes `https://***@host`. */
export function hideUserinfo(text: string, by: '***@' | '' = '***@'): string {
  return text.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, `$1${by}`);
}
