import { ago, bothClocks, exactly } from '../format';
import { store } from '../store';

const now = store(Date.now());
setInterval(() => document.hidden || now.set(Date.now()), 1000);

export function useNow(): number {
  return now.use();
}

/** A time as people say it; the exact one, here and in UTC, on hover. What is `coming` is due now, never past. */
export function Time({ at, exact, coming }: { at: string; exact?: boolean; coming?: boolean }) {
  const seen = coming ? Math.min(now.use(), Date.parse(at)) : now.use();
  return (
    <time dateTime={at} title={bothClocks(at)}>
      {exact ? exactly(at, seen) : ago(at, seen)}
    </time>
  );
}
