// Writes 100 MB to stdout.
export const handler = async () => {
  const line = 'x'.repeat(1023);
  for (let count = 0; count < 100 * 1024; count += 1) console.log(line);
  return 'written';
};
