/**
 * How many people are in the room whose door one stands at: asked again every few seconds as long as the page is seen.
 * The server tells no names.
 */

const EVERY = 5000;

/**
 * @param {() => string} room  '' for none
 * @param {(people: number | null) => void} show  null: not known
 * @param {AbortSignal} signal
 */
export function watchInside(room, show, signal) {
  const look = async () => {
    if (document.visibilityState !== 'visible') return;
    const asked = room();
    const people = asked ? await peopleIn(asked, signal) : null;
    if (!signal.aborted && asked === room()) show(people);
  };
  const timer = setInterval(look, EVERY);
  signal.addEventListener('abort', () => clearInterval(timer));
  document.addEventListener('visibilitychange', look, { signal });
  look();
}

/**
 * @param {string} room
 * @param {AbortSignal} signal
 * @returns {Promise<number | null>} null without an answer
 */
async function peopleIn(room, signal) {
  try {
    const answer = await fetch(`/people/${encodeURIComponent(room)}`, { signal });
    const { people } = await answer.json();
    return Number.isInteger(people) ? people : null;
  } catch {
    return null; // the server cannot be reached: joining will say so
  }
}
