import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Asked {
  title: string;
  /** Only its buttons close it: what it shows is not to be had again. */
  stays?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** The browser's own dialog: it keeps the focus inside, and Escape closes it. */
export function Dialog({ title, stays = false, onClose, children }: Asked) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const dialog = box.current;
    dialog?.showModal();
    return () => {
      dialog?.close(); // as long as it is open, nothing outside it takes the focus
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      aria-label={title}
      onClose={() => box.current && onClose()}
      onKeyDown={(event) => stays && event.key === 'Escape' && event.preventDefault()}
      onCancel={(event) => stays && event.preventDefault()} // by other means; a browser may ask once only
      onClick={(event) => !stays && event.target === box.current && box.current?.close()}
    >
      <div class="dialog">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** The focus is on the button that changes nothing: a key held too long must not do what cannot be undone. */
export function Confirm(props: { title: string; yes: string; no?: string; busy?: boolean; onYes: () => void; onNo: () => void; children: ComponentChildren }) {
  const safe = useRef<HTMLButtonElement>(null);
  useEffect(() => safe.current?.focus(), []);
  return (
    <Dialog title={props.title} onClose={props.onNo}>
      {props.children}
      <div class="buttons">
        <button type="button" class="main" disabled={props.busy} onClick={props.onYes}>{props.yes}</button>
        <button ref={safe} type="button" onClick={props.onNo}>{props.no ?? 'Leave it'}</button>
      </div>
    </Dialog>
  );
}
