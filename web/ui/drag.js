/**
 * Lets an element follow the finger until it is let go of. Leaves out where it then belongs.
 */

/** @typedef {import('./grid.js').Rect} Rect */

/**
 * @param {HTMLElement} element  placed by `transform`
 * @param {{from: () => Rect | null, dropped: (middle: {x: number, y: number}) => void}} how
 *   `from`: where it stands, null when it is not to be moved; `dropped`: where its middle was let go of
 */
export function draggable(element, { from, dropped }) {
  element.addEventListener('pointerdown', (start) => {
    const onButton = start.target instanceof Element && start.target.closest('button') !== null;
    const rect = from();
    if (onButton || start.button !== 0 || !rect) return;
    const ending = new AbortController();
    /** @param {PointerEvent} event */
    const at = (event) => ({ x: rect.x + event.clientX - start.clientX, y: rect.y + event.clientY - start.clientY });
    element.setPointerCapture(start.pointerId);
    element.classList.add('dragged');
    element.addEventListener('pointermove', (event) => {
      const { x, y } = at(event);
      element.style.transform = `translate(${x}px, ${y}px)`;
    }, { signal: ending.signal });
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      element.addEventListener(end, (event) => {
        ending.abort();
        element.classList.remove('dragged');
        const { x, y } = at(event);
        dropped({ x: x + rect.width / 2, y: y + rect.height / 2 });
      }, { signal: ending.signal });
    }
  });
}
