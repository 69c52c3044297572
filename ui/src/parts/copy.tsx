import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon';

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // without TLS browsers have no clipboard for pages
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'offscreen';
  const before = document.activeElement;
  // While a dialog is open nothing outside it can be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

export function CopyButton({ text, label = 'Copy', what }: { text: string; label?: string; what?: string }) {
  const [said, say] = useState('');
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onClick = async () => {
    say((await copy(text)) ? 'Copied' : 'Select it and press Ctrl C');
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => say(''), 2500);
  };
  return (
    <button type="button" class="small copy" onClick={onClick} aria-label={what ? `${label} ${what}` : undefined}>
      <Icon name={said === 'Copied' ? 'check' : 'copy'} />
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

/** Text to be copied as it stands: a command, a DNS record. */
export function Copyable({ text, what }: { text: string; what: string }) {
  return (
    <div class="copyable">
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}
