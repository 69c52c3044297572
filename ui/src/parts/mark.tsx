/** The signpost. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M14 3h4v3h8l4 4-4 4h-8v3h4v7h-4v5h-4v-5H6l-4-3.500L6 17h8v-3H9V6h5z" />
    </svg>
  );
}
