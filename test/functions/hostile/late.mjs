// Answers, and throws a moment later where nobody catches.
export const handler = async () => {
  setTimeout(() => {
    throw new Error('too late');
  }, 20);
  return 'fine';
};
