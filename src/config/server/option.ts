export type OptionKind =
  | 'host'
  | 'port'
  | 'path'
  | 'choice'
  | 'boolean'
  | 'url'
  /** Address of a Funade server. */
  | 'serverUrl'
  /** Base address of a model's API. */
  | 'modelUrl'
  | 'databaseUrl'
  | 'text'
  /** Text for `sh`; `${NAME}` in it is left to the shell, since what is put in here could be read in a process list. */
  | 'script'
  /** A whole number from 0 on. */
  | 'count'
  /** A number from 0 on, also with decimals. */
  | 'amount'
  /** `30s`, `10m`. */
  | 'duration'
  /** What the names of branches begin with. */
  | 'branchPrefix'
  /** MCP servers by name; in the file only. Their variables, headers, arguments and paths are not shown. */
  | 'mcp'
  /** Addresses of networks; a list in the file, separated by commas in the environment. */
  | 'cidrs'
  /** `owner/name`; a list in the file, separated by commas in the environment. */
  | 'repositories'
  /** RSA private key as PEM, or the file that holds it; shown as `***`. */
  | 'privateKey'
  /** RSA public key as PEM, or the file that holds it; shown as its fingerprint. */
  | 'publicKey'
  /** `3MiB`, `512KiB`, or a number of bytes. */
  | 'size'
  /** Name of a namespace of Kubernetes. */
  | 'namespace'
  /** Several of them; a list in the file, separated by commas elsewhere. */
  | 'namespaces'
  /** Users or groups as Kubernetes names them; a list in the file, separated by commas elsewhere. */
  | 'identities'
  /** 32 bytes as base64 or hexadecimal digits; shown as `***`. */
  | 'key'
  /** Shown as `***`, at least 16 characters. */
  | 'secret'
  /** Several secrets with labels; the environment adds one more. */
  | 'secrets';

/** One setting of any process. */
export interface SettingOption {
  /** Path in the file. */
  readonly name: string;
  readonly kind: OptionKind;
  readonly env: string | null;
  /** As written on the command line; the first is the one that docs show, the others mean the same. */
  readonly flags: readonly string[];
  /** `null`: not set. */
  readonly default: string | number | boolean | readonly string[] | null;
  readonly choices?: readonly string[];
  /** Least value of a count or amount (0 when left out), and the most of a count. A size has both in bytes. */
  readonly least?: number;
  readonly most?: number;
  /** The shortest (1s when left out) and longest that a duration may be. */
  readonly shortest?: string;
  readonly longest?: string;
  /** Least characters of a secret, where 16 are too few. */
  readonly minimum?: number;
  /** The fault of a secret with fewer, where it is not one that its user makes up. */
  readonly tooShort?: 'tokenShort' | 'guardTokenShort';
  /** Whether it can stand in the file. */
  readonly inFile: boolean;
  readonly doc: { readonly en: string; readonly ja: string };
}

export interface ServerOption extends SettingOption {
  readonly default: string | number | boolean | null;
  /** Setting whose value is taken when this one is not given. */
  readonly follows?: string;
}
