// Waits for what never comes.
export const handler = async () => new Promise(() => setInterval(() => {}, 1000));
