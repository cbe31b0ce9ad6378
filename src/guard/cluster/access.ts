import type { MessageValues } from '../../kernel/index.ts';
import { type StartFaultKey, StartFault } from '../faults/start-fault.ts';

/** How to reach the API server, as read at one moment. */
export interface Access {
  /** With a path when the server is behind one; no slash at its end. */
  readonly url: string;
  readonly token: string | null;
  readonly tls: AccessTls;
}

/** PEM texts; `null`: none. */
export interface AccessTls {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly serverName: string | null;
  /** The certificate of the server is not checked. */
  readonly insecure: boolean;
}

/** Where the credentials of a pod are. */
export interface InCluster {
  readonly host: string;
  readonly port: number;
  /** Of `token` and `ca.crt`. */
  readonly directory: string;
}

export const NO_TLS: AccessTls = { ca: null, cert: null, key: null, serverName: null, insecure: false };

/** The credentials can't be used as they are: somebody has to change the configuration. Messages name files, never contents. */
export class AccessFault extends StartFault {
  constructor(key: StartFaultKey, values: MessageValues, setting: 'cluster.url' | 'cluster.kubeconfig' | null) {
    super(key, values, { setting });
    this.name = 'AccessFault';
  }
}
