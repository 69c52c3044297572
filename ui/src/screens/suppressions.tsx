import { useState } from 'preact/hooks';
import { ask } from '../client';
import { count, visible } from '../format';
import { useAct } from '../parts/act';
import { Confirm } from '../parts/dialog';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { Time } from '../parts/time';
import { useResource } from '../resource';
import { go, place, withQuery } from '../route';
import type { Suppression, Suppressions } from '../schema';
import { classWithin, classWord } from '../words';

const PAGE = 100;

function listPath(query: URLSearchParams): string {
  const sought = (query.get('q') ?? '').trim();
  if (/.@./.test(sought)) return `/v1/suppressions/${encodeURIComponent(sought)}`;
  const asked = new URLSearchParams({ limit: String(PAGE) });
  if (sought) asked.set('domain', sought.replace(/^@/, ''));
  for (const name of ['reason', 'after']) {
    const value = query.get(name);
    if (value) asked.set(name, value);
  }
  return `/v1/suppressions?${asked.toString()}`;
}

export function SuppressionsScreen() {
  const { query } = place.use();
  const list = useResource<Suppressions>(listPath(query));
  const doing = useAct();
  const [leaving, setLeaving] = useState<Suppression>();
  const sought = query.get('q') ?? '';
  const absent = list.problem?.code === 404;
  const found = absent ? [] : list.data?.data ?? [];

  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const address = String(fields.get('address')).trim();
    const evidence = String(fields.get('evidence') ?? '').trim();
    const done = await doing.run(async () => {
      await ask(`/v1/suppressions/${encodeURIComponent(address)}`, { method: 'PUT', body: { reason: 'by-hand', ...(evidence ? { evidence } : {}) } });
      return `${address} is not written to any more.`;
    });
    if (done) form.reset();
    list.reload();
  };
  const release = async (entry: Suppression) => {
    setLeaving(undefined);
    const scope = entry.scope === 'all' ? '' : `?scope=${encodeURIComponent(entry.scope)}`;
    await doing.run(async () => {
      await ask(`/v1/suppressions/${encodeURIComponent(entry.address)}${scope}`, { method: 'DELETE' });
      return `${entry.address} may be written to again.`;
    });
    list.reload();
  };

  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>Suppressions</h1>
        {list.data?.total !== undefined ? <span class="quiet">{count(list.data.total)} in all</span> : null}
      </div>
      <div class="stack">
        <form class="card" onSubmit={add} aria-label="Suppress an address">
          <div class="fields">
            <label>Never write to<input name="address" type="email" required placeholder="ann@example.com" autocomplete="off" /></label>
            <label>Why <span class="offscreen">(kept beside it)</span><input name="evidence" maxLength={500} placeholder="asked by phone" autocomplete="off" /></label>
            <button type="submit" disabled={doing.busy}>Suppress</button>
          </div>
        </form>
        <p class="outcome" role="status">{doing.said}</p>
        {doing.problem ? <Trouble problem={doing.problem} /> : null}
        <div class="filters narrow">
          <label class="grow"><span class="offscreen">Address or domain</span>
            <input type="search" placeholder="An address, or a domain" value={sought} spellcheck={false}
              onChange={(event) => go(withQuery({ q: event.currentTarget.value.trim(), after: '' }), 'replace')} />
          </label>
          {query.toString() ? <a class="button" href="/suppressions">Clear</a> : null}
        </div>
        {list.problem && !absent ? <Trouble problem={list.problem} again={list.reload} /> : null}
        {!list.data && !list.problem ? <Waiting what="the list" /> : null}
        {(list.data || absent) && found.length === 0 ? <Nothing sought={sought} /> : null}
        {found.length > 0 ? <Table found={found} onRelease={setLeaving} /> : null}
        {list.data?.has_more && list.data.next_after ? (
          <p class="more"><a class="button" href={withQuery({ after: list.data.next_after })}>More</a></p>
        ) : null}
      </div>
      {leaving ? (
        <Confirm title={`Write to ${visible(leaving.address)} again?`} yes="Release it" onYes={() => release(leaving)} onNo={() => setLeaving(undefined)}>
          <p>{warning(leaving)}</p>
          {leaving.evidence ? <blockquote class="reply">{visible(leaving.evidence)}</blockquote> : null}
        </Confirm>
      ) : null}
    </>
  );
}

function warning(entry: Suppression): string {
  switch (entry.reason) {
    case 'complaint': return 'This person called your mail unwanted. Another complaint harms delivery to everybody at their provider.';
    case 'unsubscribe': return 'This person asked for no more mail. Write again only if they asked for that, too.';
    case 'by-hand': return 'Somebody here put it on the list by hand.';
    default: return `It is on the list since their server said so: ${classWithin(entry.reason)}. If that is still true, it comes back with the next message, and bounces like that harm your reputation.`;
  }
}

function Table({ found, onRelease }: { found: Suppression[]; onRelease: (entry: Suppression) => void }) {
  return (
    <table class="suppressed">
      <thead><tr><th>Address</th><th>Why</th><th>Since</th><th><span class="offscreen">Release</span></th></tr></thead>
      <tbody>
        {found.map((each) => (
          <tr key={`${each.address} ${each.scope}`}>
            <td class="to"><bdi>{visible(each.address)}</bdi>{each.scope !== 'all' ? <span class="quiet"> {each.scope}</span> : null}</td>
            <td class="why">
              <strong>{classWord(each.reason)}</strong>{each.who ? <span class="quiet"> by {visible(each.who)}</span> : null}
              {each.evidence ? <span class="clip quiet" title={visible(each.evidence)}>{visible(each.evidence)}</span> : null}
              {each.message ? <a href={`/messages/${encodeURIComponent(each.message)}`}>the message</a> : null}
            </td>
            <td class="when"><Time at={each.since} />{each.expires ? <span class="quiet">until <Time at={each.expires} /></span> : null}</td>
            <td class="number"><button type="button" class="small" aria-label={`Release ${each.address}`} onClick={() => onRelease(each)}>Release …</button></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Nothing({ sought }: { sought: string }) {
  if (sought)
    return (
      <Empty icon="search" title={`${sought} is not on the list`}>
        <p>Mail to it is sent. <a href={`/activity?q=${encodeURIComponent(sought)}`}>What became of its mail?</a></p>
      </Empty>
    );
  return (
    <Empty icon="suppressed" title="Nobody is suppressed">
      <p>Addresses come here when a server says that they do not exist, when somebody complains or unsubscribes, or by hand. They are not written to, which keeps your reputation.</p>
    </Empty>
  );
}
