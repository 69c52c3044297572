import { useState } from 'preact/hooks';
import { ask } from '../client';
import { absolute, instantOf } from '../format';
import { useAct } from '../parts/act';
import { CopyButton } from '../parts/copy';
import { Confirm, Dialog } from '../parts/dialog';
import { Trouble } from '../parts/notice';
import type { EmailState, Recipient } from '../schema';
import { WAITING } from '../words';
import { zone } from '../zone';

/** What can be done with it now, and what came of it. */
export function Actions({ email, chosen, reload, report }: { email: EmailState; chosen: Recipient | undefined; reload: () => void; report: string }) {
  const doing = useAct();
  const [asks, setAsks] = useState<'cancel' | 'reschedule' | 'suppress' | null>(null);
  const waits = email.recipients.some((each) => WAITING.has(each.status));
  const scheduled = email.recipients.some((each) => each.status === 'scheduled');
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
        {waits ? <button type="button" class="main" disabled={doing.busy} onClick={() => run(() => act(email.id, 'retry'))}>{scheduled ? 'Send now' : 'Retry now'}</button> : null}
        {waits ? <button type="button" disabled={doing.busy} onClick={() => setAsks('reschedule')}>{scheduled ? 'Reschedule …' : 'Schedule …'}</button> : null}
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
      {asks === 'reschedule' ? (
        <Reschedule from={email.scheduled_at} onTime={(at) => run(() => reschedule(email.id, at))} onNo={() => setAsks(null)} />
      ) : null}
      {asks === 'suppress' && chosen ? (
        <Confirm title={`Never write to ${chosen.to}?`} yes="Suppress it" onYes={suppress} onNo={() => setAsks(null)}>
          <p>All mail to this address is stopped here, from every application, until somebody releases it under Suppressions.</p>
        </Confirm>
      ) : null}
    </div>
  );
}

/** The field goes by the clock that all times of the pages go by, and takes the keyboard. */
function Reschedule({ from, onTime, onNo }: { from: string | undefined; onTime: (at: string) => void; onNo: () => void }) {
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const value = String(new FormData(event.currentTarget as HTMLFormElement).get('at'));
    onTime(instantOf(value).toISOString());
  };
  const now = Date.now();
  return (
    <Dialog title="When is it to be sent?" onClose={onNo}>
      <form onSubmit={send}>
        <label>Send at <span class="quiet">({zone.get() === 'utc' ? 'UTC' : 'your time'}, at most 30 days ahead)</span>
          <input name="at" type="datetime-local" step="1" required defaultValue={localTime(from ? Date.parse(from) : now + HOUR_MS)}
            min={localTime(now)} max={localTime(now + AHEAD_MAX_MS)} />
        </label>
        <p class="quiet">All of it that still waits is sent then, and not before.</p>
        <div class="buttons">
          <button type="submit" class="main">Send it then</button>
          <button type="button" onClick={onNo}>Leave it</button>
        </div>
      </form>
    </Dialog>
  );
}

const HOUR_MS = 3_600_000;
const AHEAD_MAX_MS = 30 * 24 * HOUR_MS;

/** As a datetime-local field has it. */
function localTime(time: number): string {
  return absolute(new Date(time).toISOString()).replace(' ', 'T');
}

async function reschedule(id: string, at: string): Promise<string> {
  const done = await ask<{ scheduled_at?: string }>(`/v1/emails/${encodeURIComponent(id)}/reschedule`, { method: 'POST', body: { scheduled_at: at } });
  return `It is to be sent at ${absolute(done.scheduled_at ?? at)}.`;
}

async function act(id: string, what: string): Promise<string> {
  const done = await ask<{ recipients: number; sending: number }>(`/v1/emails/${encodeURIComponent(id)}/${what}`, { method: 'POST' });
  const late = done.sending ? `; ${done.sending} were being sent to just then` : '';
  if (done.recipients === 0) return `Nothing of it waits any more${late}.`;
  return `${{ retry: 'Tried now', hold: 'Held', release: 'Released', cancel: 'Cancelled' }[what] ?? what}: ${done.recipients} ${done.recipients === 1 ? 'recipient' : 'recipients'}${late}.`;
}
