import { isAbsolute } from 'node:path';
import { FunadeError } from '../kernel/index.ts';

const PROTOCOLS = ['https:', 'http:', 'ssh:', 'git:', 'file:'];
const SECRETS_IN_URL = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi;

/** Where to fetch from, without credentials in anything that other users or logs can see. */
export interface Address {
  readonly url: string;
  /** Variables that hand the credentials of an http(s) URL to git. */
  readonly env: Readonly<Record<string, string>>;
}

/** Reads what a user registered as a repository. Throws `FUN_GIT_SOURCE_INVALID`. */
export function readAddress(source: string): Address {
  const refuse = (reason: string) => {
    throw new FunadeError('FUN_GIT_SOURCE_INVALID', { source: redactUrls(source), reason });
  };
  if (source === '') refuse('it is empty');
  if (source.startsWith('-')) refuse('it begins with a dash and would be taken for an option');
  if (/[\u0000-\u001f\u007f]/.test(source)) refuse('it contains control characters');
  if (/^[\w+.-]+::/.test(source)) refuse('remote helpers (name::address) can run programs');
  if (isAbsolute(source)) return { url: source, env: {} };
  if (!source.includes('://')) {
    if (!/^(?:[\w.+-]+@)?[\w][\w.-]*:(?!\/\/)[^-]/.test(source))
      refuse('it is neither an absolute path nor an address');
    return { url: source, env: {} };
  }
  if (!URL.canParse(source)) refuse('it is not a valid URL');
  const url = new URL(source);
  if (!PROTOCOLS.includes(url.protocol)) refuse(`${url.protocol}// is not allowed`);
  if (url.hostname.startsWith('-') || url.username.startsWith('-')) refuse('a host or user begins with a dash');
  return url.protocol.startsWith('http') ? withoutCredentials(url) : { url: source, env: {} };
}

/** The address of a repository whose credentials come apart from it; they win over those in the URL. Throws `FUN_GIT_SOURCE_INVALID`. */
export function addressWith(
  source: string,
  { username, password }: { readonly username: string; readonly password: string },
): Address {
  const address = readAddress(source);
  if (password === '' || !/^https?:/i.test(address.url)) return address;
  return { url: address.url, env: authorization(new URL(address.url), `${username}:${password}`) };
}

/** Arguments are visible to every user of the machine, the environment is not. */
function withoutCredentials(url: URL): Address {
  if (url.username === '' && url.password === '') return { url: url.href, env: {} };
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url: url.href, env: authorization(url, pair) };
}

/** Sent to this origin only, wherever it redirects to. */
function authorization(url: URL, pair: string): Readonly<Record<string, string>> {
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${url.origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(pair).toString('base64')}`,
  };
}

/** Masks user names and passwords of URLs in a text. */
export function redactUrls(text: string): string {
  return text.replaceAll(SECRETS_IN_URL, '$1***@');
}
