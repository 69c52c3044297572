import { useEffect, useState } from 'preact/hooks';

/** One value that components follow. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  use(): T;
}

export function store<T>(initial: T): Store<T> {
  let value = initial;
  const followers = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const follower of [...followers]) follower(next);
    },
    use() {
      const [seen, see] = useState(value);
      useEffect(() => {
        const follower = (next: T) => see(() => next);
        followers.add(follower);
        follower(value);
        return () => void followers.delete(follower);
      }, []);
      return seen;
    },
  };
}
