import type { FaultText } from './fault-text.ts';

/** Why the guard can't start as it is configured. `{setting}` is the flag, variable, file or key that says it. */
export const en = {
  // credentials
  nowhere: {
    message:
      'Nothing says where the API server is: this is no pod, and no kubeconfig was named. KUBECONFIG is not read.',
    fix: 'Name one with `--kubeconfig <file>` or GUARD_CLUSTER_KUBECONFIG, or an address with GUARD_CLUSTER_URL.',
  },
  podFile: {
    message: "{file} can't be read ({reason}).",
    fix: 'Give the pod its service account token: `automountServiceAccountToken: true`.',
  },
  badUrl: {
    message: '{setting}: "{url}" is no address of an API server.',
    fix: 'Write it as `https://host:port`.',
  },
  notEncrypted: {
    message: '{setting}: {url} is not encrypted, so credentials are not sent there.',
    fix: 'Use an address that starts with `https://`.',
  },
  // kubeconfig
  unreadable: { message: "{setting}: {file} can't be read ({reason}).", fix: 'Check the path and who may read it.' },
  noKubeconfig: {
    message: '{setting}: {file} is no kubeconfig.',
    fix: 'Write one with `kubectl config view --raw --minify`.',
  },
  noContext: {
    message: '{setting}: {file} has no current-context.',
    fix: 'Choose one with `kubectl config use-context`.',
  },
  noEntry: {
    message: '{setting}: in {file}, {list} has no entry "{name}".',
    fix: 'Compare it with `kubectl config get-contexts`.',
  },
  noServer: {
    message: '{setting}: in {file}, the cluster has no server.',
    fix: 'Add `server: https://host:port` to it.',
  },
  exec: {
    message: '{setting}: in {file}, the user gets its credentials from a program (exec), which is not run here.',
    fix: 'Put `token`, `tokenFile` or a client certificate into the user of the context.',
  },
  authProvider: {
    message: '{setting}: in {file}, the user has an auth-provider, which is not supported.',
    fix: 'Put `token`, `tokenFile` or a client certificate into the user of the context.',
  },
  password: {
    message: '{setting}: in {file}, the user has a username and password, which API servers no longer take.',
    fix: 'Put `token`, `tokenFile` or a client certificate into the user of the context.',
  },
  proxy: {
    message: '{setting}: in {file}, the cluster has a proxy-url, which is not supported.',
    fix: 'Name an address that is reached directly.',
  },
  // addresses to listen on
  noSuchAddress: {
    message: '{setting} is "{host}", and this machine has no such address.',
    fix: 'Set `server.host` (GUARD_SERVER_HOST) to `0.0.0.0` or an address of this machine.',
  },
  portNotAllowed: {
    message: '{setting} is {port}, where this user may not listen.',
    fix: 'Choose a port above 1023.',
  },
} as const satisfies Readonly<Record<string, FaultText>>;
