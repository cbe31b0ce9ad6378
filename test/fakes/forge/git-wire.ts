/* The parts of git's smart protocol that a fake forge reads and writes itself: what a push wants, and that it may not. */

export interface PushCommand {
  readonly ref: string;
  /** Null: the ref is made, or deleted. */
  readonly old: string | null;
  readonly new: string | null;
}

export interface PushRequest {
  readonly commands: readonly PushCommand[];
  readonly capabilities: readonly string[];
}

const NO_SHA = /^0+$/;

/** The commands at the beginning of a `git-receive-pack` request. A probe of a client has none. */
export function readPush(body: Buffer): PushRequest {
  const commands: PushCommand[] = [];
  let capabilities: readonly string[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    const length = Number.parseInt(body.toString('latin1', at, at + 4), 16);
    if (!Number.isInteger(length) || length < 4) break;
    const [line = '', listed] = body.toString('utf8', at + 4, at + length).split('\0');
    if (listed !== undefined) capabilities = listed.trim().split(' ');
    const [old = '', sha = '', ref = ''] = line.trimEnd().split(' ');
    if (ref !== '') commands.push({ ref, old: NO_SHA.test(old) ? null : old, new: NO_SHA.test(sha) ? null : sha });
    at += length;
  }
  return { commands, capabilities };
}

/** The answer that refuses all commands, with what the forge says and the reason for each ref. */
export function refusedPush(
  { commands, capabilities }: PushRequest,
  said: string,
  reasonOf: (ref: string) => string,
): Buffer {
  const report = [
    packet('unpack ok\n'),
    ...commands.map(({ ref }) => packet(`ng ${ref} ${reasonOf(ref)}\n`)),
    Buffer.from('0000'),
  ];
  const whole = Buffer.concat(report);
  if (!capabilities.includes('side-band-64k')) return whole;
  const lines = said === '' ? [] : said.split('\n').map((line) => sideBand(2, Buffer.from(`${line}\n`)));
  return Buffer.concat([...lines, sideBand(1, whole), Buffer.from('0000')]);
}

function sideBand(band: number, data: Buffer): Buffer {
  return packet(Buffer.concat([Buffer.from([band]), data]));
}

function packet(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data as string);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}
