import { useEffect, useState } from 'preact/hooks';
import { Refusal, request } from '../client';
import { octets, visible, visibleLines } from '../format';
import { CopyButton } from '../parts/copy';
import { Trouble, Waiting } from '../parts/notice';
import { Time } from '../parts/time';
import { asRefusal, useResource } from '../resource';
import type { Transcripts as Kept } from '../schema';
import { Gone } from './message_preview';

export function Transcripts({ id, turn }: { id: string; turn: number }) {
  const kept = useResource<Kept>(`/v1/emails/${encodeURIComponent(id)}/transcripts`);
  useEffect(() => kept.reload(), [turn]);
  if (kept.problem) return <Trouble problem={kept.problem} again={kept.reload} />;
  if (!kept.data) return <Waiting what="what both sides said" />;
  if (kept.data.data.length === 0)
    return (
      <p class="quiet">
        No transcript is kept of it. <code>[delivery] transcripts = "failures"</code> keeps those of attempts that fail, <code>"all"</code> every one.
      </p>
    );
  return (
    <div class="stack">
      {kept.data.data.map((each) => (
        <section key={`${each.attempt}-${each.at}`} class="transcript">
          <header>
            <h3>Attempt {each.attempt}, <Time at={each.at} exact />, to <bdi>{visible(each.recipients.join(', '))}</bdi></h3>
            <CopyButton text={each.text} what={`the transcript of attempt ${each.attempt}`} />
          </header>
          <pre tabIndex={0} aria-label={`Transcript of attempt ${each.attempt}`}>
            {visibleLines(each.text.trimEnd()).split('\n').map((line, i) => <span key={i} class={side(line)}>{line}{'\n'}</span>)}
          </pre>
        </section>
      ))}
    </div>
  );
}

/** Which side a line is of: "C:" is ours, "S:" theirs, whatever time stands before it. */
function side(line: string): string {
  const found = /^[\s\d.+:ms]*(C:|S:|>|<)/.exec(line)?.[1];
  if (found === 'C:' || found === '>') return 'ours';
  return found ? 'theirs' : 'remark';
}

const SHOWN_MAX = 256 * 1024;

/** The message as text, never as a page: nothing in it runs, and nothing is fetched for it. */
export function Raw({ id, waits }: { id: string; waits: boolean }) {
  const path = `/v1/emails/${encodeURIComponent(id)}/raw`;
  const [text, setText] = useState<string>();
  const [problem, setProblem] = useState<Refusal>();
  useEffect(() => {
    if (!waits) return;
    const control = new AbortController();
    request(path, { signal: control.signal }).then((answer) => answer.text()).then(setText, (failure: unknown) =>
      control.signal.aborted || setProblem(asRefusal(failure)));
    return () => control.abort();
  }, [path, waits]);
  const gone = problem?.code === 404 || problem?.code === 410;
  if (gone || (!waits && text === undefined))
    return <Gone />;
  if (problem) return <Trouble problem={problem} />;
  if (text === undefined) return <Waiting what="the message" />;
  return (
    <section class="transcript">
      <header>
        <h3>{octets(new Blob([text]).size)}, as it is sent</h3>
        <a class="button small" href={path} download={`${id}.eml`}>Download</a>
      </header>
      <pre tabIndex={0} aria-label="The raw message">{visibleLines(text.slice(0, SHOWN_MAX))}</pre>
      {text.length > SHOWN_MAX ? <p class="quiet">The first {octets(SHOWN_MAX)} are shown; download it for the rest.</p> : null}
    </section>
  );
}
