import { octets, visible } from '../format';
import { Icon } from '../parts/icon';
import { Trouble, Waiting } from '../parts/notice';
import { useResource } from '../resource';
import { go, place, withQuery } from '../route';
import type { EmailContent } from '../schema';

/** Why there is nothing to be shown, in the place of an empty frame. */
export function Gone() {
  return (
    <div class="notice tone-calm">
      <Icon name="dot" />
      <div>
        <strong>The content is gone</strong>
        <p>
          It is kept only while a recipient waits: once each has an end, what was written to them is removed from the disk. What became of
          it stays in the timeline, for as long as <code>[records] keep</code> says.
        </p>
      </div>
    </div>
  );
}

function pathOf(id: string, what: string): string {
  return `/v1/emails/${encodeURIComponent(id)}/${what}`;
}

export function Headers({ id, waits }: { id: string; waits: boolean }) {
  const content = useResource<EmailContent>(waits ? pathOf(id, 'content') : null);
  if (!waits || content.problem?.code === 410) return <Gone />;
  if (content.problem) return <Trouble problem={content.problem} again={content.reload} />;
  if (!content.data) return <Waiting what="its header" />;
  return (
    <dl class="fields">
      {content.data.headers.map((each, i) => <div key={i}><dt>{visible(each.name)}</dt><dd><bdi>{visible(each.value)}</bdi></dd></div>)}
    </dl>
  );
}

/**
 * The message as a mail program would show it, in a frame without rights: no script runs in it, and nothing is fetched
 * for it. The document says the same of itself, wherever it is opened.
 */
export function Preview({ id, waits }: { id: string; waits: boolean }) {
  const { query } = place.use();
  const content = useResource<EmailContent>(waits ? pathOf(id, 'content') : null);
  if (!waits || content.problem?.code === 410) return <Gone />;
  if (content.problem) return <Trouble problem={content.problem} again={content.reload} />;
  if (!content.data) return <Waiting what="the message" />;
  const { html, text, attachments, cut } = content.data;
  const both = html !== undefined && text !== undefined;
  const part = query.get('part') === 'text' || html === undefined ? 'text' : 'html';
  const choose = (wanted: string) => go(withQuery({ part: wanted === 'html' ? '' : wanted }), 'replace');
  return (
    <div class="stack">
      {both ? (
        <div class="choice" role="group" aria-label="Which part">
          <button type="button" aria-pressed={part === 'html'} onClick={() => choose('html')}>HTML</button>
          <button type="button" aria-pressed={part === 'text'} onClick={() => choose('text')}>Text</button>
        </div>
      ) : null}
      {html === undefined && text === undefined ? <p class="quiet">It has neither text nor HTML.</p> : (
        <iframe key={part} class="preview" title={`The ${part === 'html' ? 'HTML' : 'text'} of the message`} sandbox="" referrerpolicy="no-referrer"
          src={pathOf(id, part === 'text' ? 'preview?part=text' : 'preview')} />
      )}
      {part === 'html' ? <p class="quiet">Nothing is fetched for it, and no script runs: pictures, styles and fonts from elsewhere are not shown, links lead nowhere.</p> : null}
      {cut ? <p class="quiet">It is longer than what is shown here; the raw message has all of it.</p> : null}
      {attachments.length > 0 ? <Attachments all={attachments} /> : null}
    </div>
  );
}

const LISTED_MAX = 100;

function Attachments({ all }: { all: EmailContent['attachments'] }) {
  return (
    <section aria-labelledby="attachments">
      <h3 id="attachments">{all.length === 1 ? '1 attachment' : `${all.length} attachments`}</h3>
      <ul class="files">
        {all.slice(0, LISTED_MAX).map((each, i) => (
          <li key={i}><bdi>{visible(each.filename) || <span class="quiet">without a name</span>}</bdi> <span class="quiet">{visible(each.content_type)}, {octets(each.size)}{each.inline ? ', in the text' : ''}</span></li>
        ))}
      </ul>
      {all.length > LISTED_MAX ? <p class="quiet">The first {LISTED_MAX} are listed.</p> : null}
    </section>
  );
}
