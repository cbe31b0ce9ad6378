/** Acts of one name run one after the other, those of different names side by side. */
export type InLine = <T>(name: string, act: () => Promise<T>) => Promise<T>;

export function createLines(): InLine {
  const queues = new Map<string, Promise<unknown>>();
  return (name, act) => {
    const before = queues.get(name) ?? Promise.resolve();
    const mine = before.then(act, act);
    const settled = mine.then(
      () => {},
      () => {},
    );
    queues.set(name, settled);
    void settled.then(() => {
      if (queues.get(name) === settled) queues.delete(name);
    });
    return mine;
  };
}
