import type { ComponentChildren } from 'preact';
import type { Refusal } from '../client';
import { Icon, type IconName } from './icon';

/** What went wrong, in the words of who refused. */
export function Trouble({ problem, again }: { problem: Refusal; again?: (() => void) | undefined }) {
  return (
    <div class="notice tone-bad" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{problem.title}</strong>
        <p>{problem.message}</p>
        {problem.fields.map((each) => <p key={each.field}><code>{each.field}</code>: {each.message}</p>)}
        {again ? <button type="button" class="small" onClick={again}>Try again</button> : null}
      </div>
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Before the first answer: says so only when it takes long enough to be noticed. */
export function Waiting({ what }: { what: string }) {
  return <p class="waiting" role="status">Reading {what} …</p>;
}
