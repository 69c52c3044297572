import { Icon } from './icon';
import { stateWord } from '../words';

/** A state: icon, word and colour; what it means on hover. */
export function State({ state, count }: { state: string; count?: number }) {
  const { word, tone, icon, means } = stateWord(state);
  return (
    <span class={`state tone-${tone}`} title={means}>
      <Icon name={icon} />
      {word}
      {count !== undefined && count > 1 ? <span class="quiet"> × {count}</span> : null}
    </span>
  );
}
