/** A certificate authority of one test, by the command line of OpenSSL: what node:crypto cannot do is signing certificates. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const runFile = promisify(execFile);

export interface Leaf {
  readonly certificate: string;
  readonly key: string;
  /** Paths of the two. */
  readonly files: { readonly certificate: string; readonly key: string };
  /** Hexadecimal, in capitals, as TLS peers print it. */
  readonly serial: string;
}

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  readonly file: string;
  /** `hosts` as OpenSSL writes them: `DNS:localhost`, `IP:127.0.0.1`. Groups are organisations. */
  issue(of: {
    readonly name: string;
    readonly commonName: string;
    readonly groups?: readonly string[];
    readonly hosts?: readonly string[];
  }): Promise<Leaf>;
}

export async function createAuthority(folder: string, name: string): Promise<Authority> {
  const file = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...curve, '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', file);

  async function issue({ name: of, commonName, groups = [], hosts = [] }: Parameters<Authority['issue']>[0]) {
    const path = join(folder, of);
    const files = { certificate: `${path}.crt`, key: `${path}.key` };
    const serial = `3A${randomBytes(8).toString('hex').toUpperCase()}`;
    const subject = `${groups.map((group) => `/O=${group}`).join('')}/CN=${commonName}`;
    const names = hosts.length > 0 ? `subjectAltName=${hosts.join(',')}\n` : '';
    await writeFile(`${path}.ext`, `extendedKeyUsage=serverAuth,clientAuth\n${names}`);
    await openssl('req', ...curve, '-subj', subject, '-keyout', files.key, '-out', `${path}.csr`);
    const signing = ['-CA', file, '-CAkey', key, '-set_serial', `0x${serial}`, '-days', '2'];
    await openssl(
      'x509',
      '-req',
      '-in',
      `${path}.csr`,
      ...signing,
      '-extfile',
      `${path}.ext`,
      '-out',
      files.certificate,
    );
    const [certificate, secret] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')]);
    return { certificate, key: secret, files, serial };
  }

  return { certificate: await readFile(file, 'utf8'), file, issue };
}

async function openssl(...argv: readonly string[]): Promise<void> {
  await runFile('openssl', argv);
}
