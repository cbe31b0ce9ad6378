import type { Environment } from '../server/expand.ts';

/** Where a pod reaches the API server, as Kubernetes tells every pod; `null`: this is none. */
export function podApiOf(env: Environment): { readonly host: string; readonly port: number } | null {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = Number(env['KUBERNETES_SERVICE_PORT_HTTPS'] ?? env['KUBERNETES_SERVICE_PORT'] ?? 443);
  return host === '' || !Number.isInteger(port) ? null : { host, port };
}
