// Fills memory that is not JavaScript heap: the kernel ends the process (exit code 137).
export const handler = async () => {
  const kept = [];
  for (;;) kept.push(Buffer.alloc(8 << 20, 1));
};
