import { fromBufferPromise } from 'yauzl';

/** Names of the files at the top of a zip; none where it is no zip, which the server says better. */
export async function topOfZip(bytes: Buffer): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    const zip = await fromBufferPromise(bytes);
    for await (const { fileName } of zip.eachEntry()) {
      if (!fileName.includes('/')) names.push(fileName);
    }
  } catch {
    return [];
  }
  return names;
}
