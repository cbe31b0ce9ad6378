/** User and password of all addresses in a text, replaced: `https://mona:pw@host` becomes `https://***@host`. */
export function hideUserinfo(text: string, by: '***@' | '' = '***@'): string {
  // Not the whole scheme: in a long text of words and dashes each of them would be followed to its end.
  return text.replaceAll(/([a-z0-9+.-]:\/\/)[^\s/?#]*@/gi, `$1${by}`);
}
