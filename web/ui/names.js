/**
 * Names of rooms: suggested ones, and what people type made fit. Pure.
 */

const FIRST = ('amber bold brave bright calm clear cosy crisp dapper eager early fair fine fresh gentle glad golden ' +
  'grand green happy honest jolly keen kind light lively lucky mellow merry mild misty neat noble olive patient plain ' +
  'proud quick quiet rosy round sharp silent silver simple smooth snowy soft solid sunny swift tidy warm wide wild ' +
  'wise witty young azure coral ivory lilac').split(' ');
const SECOND = ('acorn badger bay beacon birch brook canyon cedar cloud comet cove creek dawn delta dune eagle elm ember ' +
  'falcon fern field finch fjord forest garden glade grove harbor hazel heron hill island lake lark lagoon lantern ' +
  'maple marsh meadow moon moss oak orchard otter owl pebble pine pond prairie raven reef ridge river robin sail ' +
  'sparrow spring stone swan thistle tulip valley willow').split(' ');
/** No letters or digits that are mistaken for one another when read aloud or from a wall. */
const SIGNS = 'abcdefghjkmnpqrstuvwxyz23456789';
const SIGN_COUNT = 5;

/**
 * Readable and hard to guess: whoever knows a room's name may come in, and the five signs alone are 28 million to one.
 * @param {(below: number) => number} [draw]  an integer from 0 up to, not including, `below`
 */
export function suggestRoom(draw = drawSafely) {
  const signs = Array.from({ length: SIGN_COUNT }, () => SIGNS[draw(SIGNS.length)]).join('');
  return `${FIRST[draw(FIRST.length)]}-${SECOND[draw(SECOND.length)]}-${signs}`;
}

/**
 * What somebody typed, or pasted (a whole link too), as a room's name.
 * @param {string} typed
 */
export function roomFrom(typed) {
  const link = /\/r\/([^/?#]+)/.exec(typed);
  return (link ? decoded(link[1]) : typed).trim().replace(/\s+/g, '-');
}

/**
 * The room a page's address names, '' for none.
 * @param {string} path  of the address, as `location.pathname`
 */
export function roomOfPath(path) {
  return /^\/r\//.test(path) ? roomFrom(path) : '';
}

/**
 * @param {string} origin
 * @param {string} room
 */
export function linkTo(origin, room) {
  return `${origin}/r/${encodeURIComponent(room)}`;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {number} below at most 256; the small bias of a byte's remainder does no harm here */
function drawSafely(below) {
  return crypto.getRandomValues(new Uint8Array(1))[0] % below;
}
