import { useState } from 'preact/hooks';
import { ask } from '../client';
import { useAct } from '../parts/act';
import { CopyButton } from '../parts/copy';
import { Confirm } from '../parts/dialog';
import { Trouble } from '../parts/notice';
import type { EmailState, Recipient } from '../schema';
import { WAITING } from '../words';

/** What can be done with it now, and what came of it. */
export function Actions({ email, chosen, reload, report }: { email: EmailState; chosen: Recipient | undefined; reload: () => void; report: string }) {
  const doing = useAct();
  const [asks, setAsks] = useState<'cancel' | 'suppress' | null>(null);
  const waits = email.recipients.some((each) => WAITING.has(each.status));
  const held = email.recipients.some((each) => each.hold === 'held');
  const run = async (what: () => Promise<string>) => {
    setAsks(null);
    await doing.run(what);
    reload();
  };
  const suppress = () => run(async () => {
    const address = chosen?.to ?? '';
    await ask(`/v1/suppressions/${encodeURIComponent(address)}`, { method: 'PUT', body: { reason: 'by-hand' } });
    return `${address} is not written to any more.`;
  });
  return (
    <div class="actions">
      <div class="buttons">
        {waits ? <button type="button" class="main" disabled={doing.busy} onClick={() => run(() => act(email.id, 'retry'))}>Retry now</button> : null}
        {waits && !held ? <button type="button" disabled={doing.busy} onClick={() => run(() => act(email.id, 'hold'))}>Hold</button> : null}
        {held ? <button type="button" disabled={doing.busy} onClick={() => run(() => act(email.id, 'release'))}>Release</button> : null}
        {waits ? <button type="button" disabled={doing.busy} onClick={() => setAsks('cancel')}>Cancel …</button> : null}
        {chosen && chosen.status !== 'suppressed' ? <button type="button" disabled={doing.busy} onClick={() => setAsks('suppress')}>Suppress …</button> : null}
        <CopyButton text={report} label="Copy as report" />
      </div>
      <p class="outcome" role="status">{doing.said}</p>
      {doing.problem ? <Trouble problem={doing.problem} /> : null}
      {asks === 'cancel' ? (
        <Confirm title="Cancel this message?" yes="Cancel it" onYes={() => run(() => act(email.id, 'cancel'))} onNo={() => setAsks(null)}>
          <p>What still waits of it is never sent, and its content is removed. That cannot be undone.</p>
        </Confirm>
      ) : null}
      {asks === 'suppress' && chosen ? (
        <Confirm title={`Never write to ${chosen.to}?`} yes="Suppress it" onYes={suppress} onNo={() => setAsks(null)}>
          <p>All mail to this address is stopped here, from every application, until somebody releases it under Suppressions.</p>
        </Confirm>
      ) : null}
    </div>
  );
}

async function act(id: string, what: string): Promise<string> {
  const done = await ask<{ recipients: number; sending: number }>(`/v1/emails/${encodeURIComponent(id)}/${what}`, { method: 'POST' });
  const late = done.sending ? `; ${done.sending} were being sent to just then` : '';
  if (done.recipients === 0) return `Nothing of it waits any more${late}.`;
  return `${{ retry: 'Tried now', hold: 'Held', release: 'Released', cancel: 'Cancelled' }[what] ?? what}: ${done.recipients} ${done.recipients === 1 ? 'recipient' : 'recipients'}${late}.`;
}
