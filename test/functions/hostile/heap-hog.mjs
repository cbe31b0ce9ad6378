// Fills the JavaScript heap: V8 ends the process by itself (exit code 134).
export const handler = async () => {
  const kept = [];
  for (;;) kept.push(Array.from({ length: 1e5 }, (_, index) => ({ index })));
};
