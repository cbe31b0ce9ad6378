/** Who has to act: the person who asked, the configuration, the forge, the deploy target, or Funade itself. */
export type Blame = 'user' | 'config' | 'forge' | 'target' | 'internal';

export interface CatalogueEntry {
  readonly blame: Blame;
  /** HTTP status of the answer that carries this error. */
  readonly status: number;
  /** Exit code of the CLI (see `docs/reference/errors.md`). */
  readonly exit: number;
  /** Whether trying the same again later can succeed without a change by a person. */
  readonly retryable: boolean;
  readonly message: string;
  readonly fix: string;
}

/** Every error of Funade. A code is never reused for another meaning; `{name}` are received values. */
export const catalogue = {
  // configuration
  FUN_CONFIG_INVALID: {
    blame: 'config',
    status: 422,
    exit: 2,
    retryable: false,
    message: "Can't use {file}: {count} fault(s).",
    fix: 'Correct the lines named below, then run `funade config lint`.',
  },
  FUN_CONFIG_MISSING: {
    blame: 'config',
    status: 422,
    exit: 2,
    retryable: false,
    message: "Can't find {file} in {where}.",
    fix: 'Create it with `funade config init` and commit it.',
  },
  FUN_SETTING_INVALID: {
    blame: 'config',
    status: 500,
    exit: 2,
    retryable: false,
    message: "Can't start with {setting}={value}: {reason}.",
    fix: 'Set {setting} to {expected}.',
  },
  // start and storage
  FUN_DATA_DIR_LOCKED: {
    blame: 'user',
    status: 500,
    exit: 2,
    retryable: false,
    message: "Can't use the data directory {dir}: process {pid} on {host} has held it since {since}.",
    fix: 'Stop that server, or start this one with another FUNADE_DATA_DIR.',
  },
  FUN_DATA_DIR_NOT_WRITABLE: {
    blame: 'user',
    status: 500,
    exit: 2,
    retryable: false,
    message: "Can't write to the data directory {dir}: {reason}.",
    fix: 'Make it writable for user {user}, or set FUNADE_DATA_DIR to another directory.',
  },
  FUN_PORT_IN_USE: {
    blame: 'user',
    status: 500,
    exit: 2,
    retryable: false,
    message: "Can't listen on {host}:{port}: another program uses that port.",
    fix: 'Stop that program, or choose another port with FUNADE_PORT.',
  },
  FUN_DATABASE_UNREACHABLE: {
    blame: 'internal',
    status: 503,
    exit: 7,
    retryable: true,
    message: 'Failed to reach PostgreSQL at {address}: {reason}.',
    fix: 'Check that PostgreSQL runs and that DATABASE_URL is right; Funade keeps trying.',
  },
  FUN_DATABASE_START_FAILED: {
    blame: 'internal',
    status: 503,
    exit: 7,
    retryable: false,
    message: 'Failed to start the embedded PostgreSQL in {dir}: {reason}.',
    fix: 'Read {log}; free the disk or move the data directory, or set DATABASE_URL to a server of your own.',
  },
  FUN_DATABASE_TOO_OLD: {
    blame: 'config',
    status: 500,
    exit: 2,
    retryable: false,
    message: "Can't use PostgreSQL {version}: Funade needs 15 or newer.",
    fix: 'Point DATABASE_URL at PostgreSQL 15 or newer, or unset it to use the embedded one.',
  },
  FUN_STORAGE_FULL: {
    blame: 'internal',
    status: 503,
    exit: 1,
    retryable: true,
    message: 'Failed to store: no space is left on the device.',
    fix: 'Free disk space; the sender may try again, nothing was half-written.',
  },
  // access
  FUN_UNAUTHENTICATED: {
    blame: 'user',
    status: 401,
    exit: 6,
    retryable: false,
    message: "Can't tell who asks: the token is missing, unknown, expired or revoked.",
    fix: 'Send `Authorization: Bearer <token>`; make a token with `funade token create`.',
  },
  FUN_FORBIDDEN: {
    blame: 'user',
    status: 403,
    exit: 6,
    retryable: false,
    message: "Can't {action} as {user} ({role}): it needs {needed}.",
    fix: 'Ask someone who has it, or ask an owner for another role.',
  },
  FUN_NOT_FOUND: {
    blame: 'user',
    status: 404,
    exit: 2,
    retryable: false,
    message: "Can't find {kind} {id}.",
    fix: 'List what there is with `{list}`.',
  },
  FUN_BAD_REQUEST: {
    blame: 'user',
    status: 400,
    exit: 2,
    retryable: false,
    message: "Can't read the request: {count} fault(s).",
    fix: 'Correct the fields named below; the API is described at /api/v1/openapi.json.',
  },
  FUN_CONFLICT: {
    blame: 'user',
    status: 409,
    exit: 1,
    retryable: false,
    message: "Can't {action}: {reason}.",
    fix: 'Look at the present state with `{look}`.',
  },
  FUN_INTERNAL: {
    blame: 'internal',
    status: 500,
    exit: 1,
    retryable: true,
    message: 'Failed inside Funade (error id {id}).',
    fix: 'Search the server log for that id.',
  },
  FUN_UNAVAILABLE: {
    blame: 'internal',
    status: 503,
    exit: 7,
    retryable: true,
    message: 'Failed to serve the request: {reason}.',
    fix: 'Try again shortly; /healthz tells what is missing.',
  },
  // sandbox
  FUN_COMMAND_TIMEOUT: {
    blame: 'user',
    status: 422,
    exit: 1,
    retryable: false,
    message: 'Stopped `{command}` after {timeout}; its whole process group was ended.',
    fix: 'Find what it waits for, or raise `timeout` of the stage.',
  },
  FUN_COMMAND_FAILED: {
    blame: 'user',
    status: 422,
    exit: 1,
    retryable: false,
    message: '`{command}` ended with {outcome}.',
    fix: 'Read the log of the stage: `funade logs {run}`.',
  },
  FUN_COMMAND_NOT_STARTED: {
    blame: 'user',
    status: 422,
    exit: 1,
    retryable: false,
    message: "Can't start `{command}`: {reason}.",
    fix: 'Check the spelling and that the program is installed on the server.',
  },
  FUN_ISOLATION_UNAVAILABLE: {
    blame: 'config',
    status: 503,
    exit: 2,
    retryable: false,
    message: "Can't isolate {what}: {reason}.",
    fix: 'Install bubblewrap (`apt-get install bubblewrap`), or mark it as trusted.',
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
