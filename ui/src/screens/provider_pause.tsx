import { useState } from 'preact/hooks';
import { ask } from '../client';
import { absolute, visible } from '../format';
import { useAct } from '../parts/act';
import { Dialog } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { Trouble } from '../parts/notice';
import { Time } from '../parts/time';
import type { Pause, Paused, Resumed } from '../schema';

/** Who keeps its mail back, why, and until when; and what can be done about it. */
export function Pausing({ site, pauses, reload }: { site: string; pauses: Pause[]; reload: () => void }) {
  const doing = useAct();
  const [asks, setAsks] = useState(false);
  const own = pauses.some((each) => each.scope === 'site');
  const path = `/v1/providers/${encodeURIComponent(site)}`;
  const run = async (what: () => Promise<string>) => {
    setAsks(false);
    await doing.run(what);
    reload();
  };
  const pause = (lasts: string, reason: string) => run(async () => {
    const { paused } = await ask<Paused>(`${path}/pause`, { method: 'POST', body: { ...(lasts ? { for: lasts } : {}), reason } });
    return paused.until ? `Paused until ${absolute(paused.until)}.` : 'Paused until it is resumed.';
  });
  const resume = () => run(async () => {
    const { resumed } = await ask<Resumed>(`${path}/resume`, { method: 'POST', body: {} });
    return resumed ? 'It goes on.' : 'It was not paused any more.';
  });
  return (
    <div class="stack">
      {pauses.map((each) => (
        <section key={each.scope} class="cause tone-ours" aria-label="Paused">
          <h2><Icon name="held" />{each.scope === 'site' ? 'Paused' : 'All mail is paused'}{each.until ? <> until {absolute(each.until)}</> : ', until it is resumed'}</h2>
          <p class="summary">{visible(each.reason) || 'No reason was given.'}</p>
          <p><span class="label">By</span> {each.by || 'somebody'}, <Time at={each.since} /></p>
          {each.scope === 'site' ? null : <p><code>waypost resume --all</code> ends it.</p>}
        </section>
      ))}
      <div class="actions">
        <div class="buttons">
          <button type="button" disabled={doing.busy} onClick={() => setAsks(true)}>{own ? 'Change the pause …' : 'Pause …'}</button>
          {own ? <button type="button" class="main" disabled={doing.busy} onClick={() => void resume()}>Resume</button> : null}
        </div>
        <p class="outcome" role="status">{doing.said}</p>
        {doing.problem ? <Trouble problem={doing.problem} /> : null}
      </div>
      {asks ? <Ask site={site} onPause={(lasts, reason) => void pause(lasts, reason)} onNo={() => setAsks(false)} /> : null}
    </div>
  );
}

const LASTS = { '30m': '30 minutes', '2h': '2 hours', '24h': 'a day', '': 'until it is resumed' };

function Ask({ site, onPause, onNo }: { site: string; onPause: (lasts: string, reason: string) => void; onNo: () => void }) {
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    onPause(String(form.get('for')), String(form.get('reason')).trim());
  };
  return (
    <Dialog title={`Pause all mail to ${site}?`} onClose={onNo}>
      <form class="stack" onSubmit={send}>
        <label>For
          <select name="for">{Object.entries(LASTS).map(([lasts, words]) => <option key={lasts} value={lasts}>{words}</option>)}</select>
        </label>
        <label>Why <span class="quiet">(who looks at mail that waits sees it)</span>
          <input name="reason" maxLength={200} autocomplete="off" />
        </label>
        <p class="quiet">Mail is still accepted and waits; what is being sent just now is sent to its end. Paused mail expires as other mail does.</p>
        <div class="buttons">
          <button type="submit" class="main">Pause it</button>
          <button type="button" onClick={onNo}>Leave it</button>
        </div>
      </form>
    </Dialog>
  );
}
