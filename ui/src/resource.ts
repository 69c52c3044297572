import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask, Refusal } from './client';
import { liveness } from './live';

export interface Resource<T> {
  data: T | undefined;
  problem: Refusal | undefined;
  loading: boolean;
  reload: () => void;
}

export function asRefusal(failure: unknown): Refusal {
  return failure instanceof Refusal ? failure : new Refusal(0, 'The page met a bug of its own', String(failure));
}

/**
 * What a path of the API answers; asked anew when the path changes, on reload(), and every `every` milliseconds while
 * the page is seen. What was there stays until the new answer came, but for another path.
 */
export function useResource<T>(path: string | null, every = 0): Resource<T> {
  const [state, setState] = useState<{ path: string | null; data?: T; problem?: Refusal; loading: boolean }>(
    { path, loading: path !== null });
  const [turn, setTurn] = useState(0);
  const running = useRef<AbortController | null>(null);

  useEffect(() => {
    if (path === null) return;
    const control = new AbortController();
    running.current?.abort();
    running.current = control;
    setState((before) => (before.path === path ? { ...before, loading: true } : { path, loading: true }));
    ask<T>(path, { signal: control.signal }).then(
      (data) => control.signal.aborted || setState({ path, data, loading: false }),
      (failure: unknown) => {
        if (control.signal.aborted) return;
        setState((before) => ({ path, data: before.path === path ? before.data : undefined, problem: asRefusal(failure), loading: false }));
      });
    return () => control.abort();
  }, [path, turn]);

  const reload = useCallback(() => setTurn((before) => before + 1), []);
  useEffect(() => {
    if (!every || path === null) return;
    const timer = setInterval(() => document.hidden || reload(), every);
    return () => clearInterval(timer);
  }, [path, every]);

  // Who could not be reached is asked again as soon as they are there again.
  const alive = liveness.use();
  const unreached = state.problem?.code === 0;
  useEffect(() => {
    if (alive === 'live' && unreached) reload();
  }, [alive]);

  const fits = state.path === path;
  return { data: fits ? state.data : undefined, problem: fits ? state.problem : undefined, loading: !fits || state.loading, reload };
}
