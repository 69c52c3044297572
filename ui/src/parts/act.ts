import { useState } from 'preact/hooks';
import type { Refusal } from '../client';
import { asRefusal } from '../resource';

export interface Act {
  busy: boolean;
  said: string;
  problem: Refusal | undefined;
  /** Runs one thing at a time and says what came of it. */
  run: (what: () => Promise<string>) => Promise<boolean>;
}

export function useAct(): Act {
  const [state, setState] = useState<{ busy: boolean; said: string; problem?: Refusal }>({ busy: false, said: '' });
  return {
    busy: state.busy,
    said: state.said,
    problem: state.problem,
    run: async (what) => {
      setState({ busy: true, said: '' });
      try {
        setState({ busy: false, said: await what() });
        return true;
      } catch (failure) {
        setState({ busy: false, said: '', problem: asRefusal(failure) });
        return false;
      }
    },
  };
}
