/** Where a git address leads to, when that is another machine. */
export interface Remote {
  /** In small letters; with the port where one is written, but never that of SSH. */
  readonly host: string;
  readonly isSsh: boolean;
  /** Without slashes around it and without `.git`. */
  readonly path: string;
}

/** Names of SSH on the port of HTTPS, for networks that let nothing else out. */
const SSH_NAMES: ReadonlyMap<string, string> = new Map([
  ['ssh.github.com', 'github.com'],
  ['altssh.gitlab.com', 'gitlab.com'],
]);

/** Reads `https://host/path.git`, `ssh://git@host/path` and `git@host:path`; undefined for a folder. */
export function remoteOf(address: string): Remote | undefined {
  const scp = /^(?:[\w.+-]+@)?([\w.-]+):(?!\/\/)(.+)$/.exec(address);
  if (scp !== null) return overSsh(scp[1] ?? '', scp[2] ?? '');
  if (!URL.canParse(address)) return undefined;
  const { protocol, host, hostname, pathname } = new URL(address);
  if (host === '') return undefined;
  // SSH has a port of its own, which is not that of the pages.
  if (/^(?:git\+)?ssh(?:\+git)?:$/.test(protocol)) return overSsh(hostname, pathname);
  return { host: host.toLowerCase(), isSsh: false, path: bare(pathname) };
}

/** Whether it leads to the forge with the pages on this host (`git.example.com:8443`). */
export function isOnHost(remote: Remote, host: string): boolean {
  return remote.host === (remote.isSsh ? host.replace(/:\d+$/, '') : host);
}

function overSsh(name: string, path: string): Remote {
  const host = name.toLowerCase();
  return { host: SSH_NAMES.get(host) ?? host, isSsh: true, path: bare(path) };
}

function bare(path: string): string {
  return path
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
}
