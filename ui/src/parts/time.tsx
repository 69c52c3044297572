import { absolute, ago, clockMs, utc } from '../format';
import { store } from '../store';

const now = store(Date.now());
setInterval(() => document.hidden || now.set(Date.now()), 1000);

export function useNow(): number {
  return now.use();
}

/** A time as people say it; the exact one, here and in UTC, on hover. */
export function Time({ at, exact }: { at: string; exact?: boolean }) {
  const seen = now.use();
  return (
    <time dateTime={at} title={`${absolute(at)} here, ${utc(at)}`}>
      {exact ? clockMs(at) : ago(at, seen)}
    </time>
  );
}
