export interface Told {
  name: string;
  data: string;
}

const PENDING_MAX = 4 * 1024 * 1024;

/** The server-sent events of an answer to a POST, which EventSource cannot send. */
export async function* eventsOf(answer: Response): AsyncGenerator<Told> {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      pending += (value ?? '').replaceAll('\r\n', '\n');
      if (pending.length > PENDING_MAX) throw new Error('an event is too long');
      let end: number;
      while ((end = pending.indexOf('\n\n')) >= 0) {
        const told = read(pending.slice(0, end));
        pending = pending.slice(end + 2);
        if (told) yield told;
      }
      if (done) return;
    }
  } finally {
    await reader.cancel();
  }
}

function read(block: string): Told | null {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') name = value ?? '';
    if (field === 'data') data.push(value ?? '');
  }
  return data.length || name === 'end' ? { name, data: data.join('\n') } : null;
}
