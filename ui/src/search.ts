/** What the box means: words with a name in front narrow by it, the others are what is sought. */

const NAMED = ['from', 'subject', 'tag'] as const;
const STARTS = new RegExp(`(^|\\s)(${NAMED.join('|')}):`, 'gi');

/** `subject:` takes the words up to the next name, the others one word; what stands beside them is `q`. So is a name
    with nothing behind it, or one that comes again: nothing that was typed is passed over. */
export function readBox(text: string): Record<string, string> {
  const found: Record<string, string> = { q: '', from: '', subject: '', tag: '' };
  const starts = [...text.matchAll(STARTS)];
  const rest = [text.slice(0, starts[0]?.index ?? text.length)];
  starts.forEach((start, i) => {
    const name = (start[2] ?? '').toLowerCase();
    const words = text.slice(start.index + start[0].length, starts[i + 1]?.index).trim();
    if (!words || found[name]) {
      rest.push(`${start[0].trim()}${words}`);
      return;
    }
    if (name === 'subject') {
      found[name] = words;
      return;
    }
    const [first = '', ...others] = words.split(/\s+/);
    found[name] = first;
    rest.push(others.join(' '));
  });
  found.q = rest.join(' ').trim();
  return found;
}

/** The same backwards, for the box of a page that is narrowed so. */
export function writeBox(query: URLSearchParams): string {
  const parts = [query.get('q') ?? '', ...NAMED.map((name) => (query.get(name) ? `${name}:${query.get(name)}` : ''))];
  return parts.filter(Boolean).join(' ');
}
