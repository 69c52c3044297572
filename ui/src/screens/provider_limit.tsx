import { useState } from 'preact/hooks';
import { ask } from '../client';
import { absolute, visible } from '../format';
import { useAct } from '../parts/act';
import { Dialog } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { Trouble } from '../parts/notice';
import { Time } from '../parts/time';
import type { AskedLimit, Lifted, Limited, LimitRequest } from '../schema';
import { LIMITS } from '../words';

const ASKED = ['messages_per_second', 'messages_per_hour', 'messages_per_day', 'connections', 'connections_per_minute'] as const;

/** "at most 2 connections at a time, 5 messages a second" */
function mostWords(limit: AskedLimit): string {
  return `at most ${ASKED.filter((key) => limit[key]).map((key) => `${limit[key] ?? ''} ${(LIMITS[key] ?? key).toLowerCase()}`).join(', ')}`;
}

export function limitedWords(limit: AskedLimit): string {
  return `Limited${limit.by ? ` by ${limit.by}` : ''} until ${absolute(limit.until)}: ${mostWords(limit)}${limit.reason ? ` (${visible(limit.reason)})` : ''}`;
}

function pathOf(site: string): string {
  return `/v1/providers/${encodeURIComponent(site)}/limit`;
}

async function lift(site: string): Promise<string> {
  const { lifted } = await ask<Lifted>(pathOf(site), { method: 'DELETE' });
  return lifted ? 'The limit is lifted.' : 'It was not limited any more.';
}

/** In a row: what a person limited, and the way back. */
export function LimitedRow({ limit, reload }: { limit: AskedLimit; reload: () => void }) {
  const doing = useAct();
  const run = async () => {
    await doing.run(() => lift(limit.site));
    reload();
  };
  return (
    <span class="limited">
      {limitedWords(limit)}{' '}
      <button type="button" class="small" disabled={doing.busy} aria-label={`Lift the limit of ${limit.site}`} onClick={() => void run()}>Lift</button>
      {doing.problem ? <Trouble problem={doing.problem} /> : null}
    </span>
  );
}

/** Who limits it below what is configured, why, and until when; and what can be done about it. */
export function Limiting({ site, limit, reload }: { site: string; limit: AskedLimit | undefined; reload: () => void }) {
  const doing = useAct();
  const [asks, setAsks] = useState(false);
  const run = async (what: () => Promise<string>) => {
    setAsks(false);
    await doing.run(what);
    reload();
  };
  const set = (wish: LimitRequest) => run(async () => {
    const { limited } = await ask<Limited>(pathOf(site), { method: 'POST', body: wish });
    return `Limited until ${absolute(limited.until)}.`;
  });
  return (
    <div class="stack">
      {limit ? (
        <section class="cause tone-ours" aria-label="Limited">
          <h2><Icon name="held" />Limited until {absolute(limit.until)}</h2>
          <p class="summary">It gets {mostWords(limit)}.</p>
          <p>{visible(limit.reason) || 'No reason was given.'}</p>
          <p><span class="label">By</span> {limit.by || 'somebody'}, <Time at={limit.since} /></p>
        </section>
      ) : null}
      <div class="actions">
        <div class="buttons">
          <button type="button" disabled={doing.busy} onClick={() => setAsks(true)}>{limit ? 'Change the limit …' : 'Set limit …'}</button>
          {limit ? <button type="button" class="main" disabled={doing.busy} onClick={() => void run(() => lift(site))}>Lift</button> : null}
        </div>
        <p class="outcome" role="status">{doing.said}</p>
        {doing.problem ? <Trouble problem={doing.problem} /> : null}
      </div>
      {asks ? <Ask site={site} limit={limit} onSet={(wish) => void set(wish)} onNo={() => setAsks(false)} /> : null}
    </div>
  );
}

const LASTS = { '30m': '30 minutes', '1h': 'an hour', '4h': '4 hours', '24h': 'a day', '7d': '7 days' };

function Ask({ site, limit, onSet, onNo }: { site: string; limit: AskedLimit | undefined; onSet: (wish: LimitRequest) => void; onNo: () => void }) {
  const [isEmpty, setEmpty] = useState(false);
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const wish: LimitRequest = { for: text('for'), reason: text('reason') };
    for (const key of ASKED) if (text(key)) wish[key] = Number(text(key));
    if (ASKED.some((key) => wish[key])) onSet(wish);
    else setEmpty(true);
  };
  return (
    <Dialog title={`Limit mail to ${site}?`} onClose={onNo}>
      <form class="stack" onSubmit={send}>
        <p class="quiet" id="limit-rule">It can only lower what is configured; what is left empty stays as it is. What is over the limit waits.</p>
        {isEmpty ? <p class="notice tone-bad" role="alert">Say how much at most, in one field at least.</p> : null}
        <div class="amounts">
          {ASKED.map((key) => (
            <label key={key}>{LIMITS[key]}
              <input
                name={key} type="number" inputMode="decimal" autocomplete="off" aria-describedby="limit-rule" defaultValue={limit?.[key] ?? ''}
                min={key === 'messages_per_second' ? 0.001 : 1} step={key === 'messages_per_second' ? 'any' : 1}
              />
            </label>
          ))}
        </div>
        <label>For
          <select name="for">{Object.entries(LASTS).map(([lasts, words]) => <option key={lasts} value={lasts} selected={lasts === '1h'}>{words}</option>)}</select>
        </label>
        <label>Why <span class="quiet">(who looks at mail that waits sees it)</span>
          <input name="reason" maxLength={200} autocomplete="off" defaultValue={limit?.reason ?? ''} />
        </label>
        <div class="buttons">
          <button type="submit" class="main">Set it</button>
          <button type="button" onClick={onNo}>Leave it</button>
        </div>
      </form>
    </Dialog>
  );
}
