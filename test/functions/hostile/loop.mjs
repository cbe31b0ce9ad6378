// Takes the processor and never gives it back.
export const handler = async () => {
  for (;;);
};
