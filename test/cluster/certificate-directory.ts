import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Leaf } from './authority.ts';

/** A directory as the kubelet mounts a Secret: `tls.crt -> ..data/tls.crt`, and `..data` points to the version of now. */
export interface CertificateDirectory {
  readonly path: string;
  /** As the kubelet does it: a new directory first, then one rename. */
  swap(leaf: Leaf): Promise<void>;
}

export async function createCertificateDirectory(path: string, leaf: Leaf): Promise<CertificateDirectory> {
  let version = 0;
  await mkdir(path, { recursive: true });

  async function swap({ certificate, key }: Leaf): Promise<void> {
    const before = `..version-${version}`;
    version += 1;
    const name = `..version-${version}`;
    await mkdir(join(path, name));
    await writeFile(join(path, name, 'tls.crt'), certificate);
    await writeFile(join(path, name, 'tls.key'), key, { mode: 0o600 });
    await symlink(name, join(path, '..data_tmp'));
    await rename(join(path, '..data_tmp'), join(path, '..data'));
    await rm(join(path, before), { recursive: true, force: true });
  }

  await swap(leaf);
  for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(path, name));
  return { path, swap };
}
