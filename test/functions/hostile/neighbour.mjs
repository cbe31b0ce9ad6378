// Lives beside the others and does its work.
export const handler = async () => 'fine';
