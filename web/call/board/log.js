/**
 * A whiteboard that everybody draws on, as the list of what each person did to it. Pages that know the same acts show the
 * same picture, in whatever order the acts arrived; so late joiners are sent the list, and nobody has to be in charge. Pure.
 *
 * @typedef {object} Act  one thing somebody did; numbered by whoever did it, from 1
 * @property {string} author
 * @property {number} n
 * @property {'line' | 'ink' | 'undo' | 'clear'} do  begins a line · goes on with one's last line · takes one's own line
 *   back · clears what one has seen
 * @property {number} [at]       of a line: its place among all lines, later ones on top
 * @property {number} [colour]   of a line: index into the palette
 * @property {number} [width]    of a line, in the board's units
 * @property {number[]} [points] x, y, x, y, ... in the board's units
 * @property {number} [line]     taken back: the number of its first act
 * @property {Seen} [seen]       cleared: everything up to these numbers
 *
 * @typedef {Record<string, number>} Seen  by author: the number of their last known act
 * @typedef {{ author: string, n: number, at: number, colour: number, width: number, points: number[] }} Line
 */

/** The board's own units, on every screen the same. */
export const SIZE = Object.freeze({ width: 1600, height: 1000 });
/** Of the palette that the view paints with; the last one is the paper's own: it erases. */
export const COLOURS = 7;
const WIDTHS = Object.freeze({ least: 1, most: 64 });
/** Coordinates in one act: half a second of a fast hand. */
const MOST_POINTS = 512;
/** Acts on one board, whatever strangers send: days of drawing, some 50 MB. */
const MOST_ACTS = 50_000;

export class BoardLog {
  /** @param {string} me */
  constructor(me) {
    this.me = me;
    /** @type {Map<string, Act[]>} */
    this.acts = new Map();
    /** @type {Map<string, Line>} what is to be seen, by author and number */
    this.shown = new Map();
    this.count = 0;
    this.top = 0;
  }

  /** Every line, the lowest first. @returns {Line[]} */
  get lines() {
    return [...this.shown.values()].sort((a, b) => a.at - b.at || (a.author < b.author ? -1 : 1));
  }

  /** What this page knows. @returns {Seen} */
  get seen() {
    return Object.fromEntries([...this.acts].map(([author, acts]) => [author, acts.length]));
  }

  /** Whether there is a line of one's own to take back. */
  get canUndo() {
    return this.#lastOwn() !== undefined;
  }

  /**
   * @param {{ colour: number, width: number, points: number[] }} line
   * @returns {Act | null} to be sent to the others; null: the board takes no more
   */
  begin({ colour, width, points }) {
    return this.#own({ do: 'line', at: this.top + 1, colour, width, points });
  }

  /** @param {number[]} points of the line begun last @returns {Act | null} */
  draw(points) {
    return this.#own({ do: 'ink', points });
  }

  /** @returns {Act | null} null: nothing of one's own is left */
  undo() {
    const line = this.#lastOwn();
    return line ? this.#own({ do: 'undo', line: line.n }) : null;
  }

  /** @returns {Act | null} */
  clear() {
    return this.#own({ do: 'clear', seen: this.seen });
  }

  /**
   * Somebody's act, from wherever it comes.
   * @param {unknown} given
   * @returns {'new' | 'known' | 'gap' | 'bad'} a gap: acts before it are missing, ask for them
   */
  take(given) {
    if (!isAct(given)) return 'bad';
    const acts = this.acts.get(given.author) ?? [];
    if (given.n <= acts.length) return 'known';
    if (given.n > acts.length + 1) return 'gap';
    if (this.count >= MOST_ACTS) return 'bad';
    this.count += 1;
    this.acts.set(given.author, acts);
    acts.push(given);
    this.#do(given);
    return 'new';
  }

  /**
   * @param {Seen} seen what somebody knows
   * @returns {Act[]} what they lack, in an order they can take
   */
  missing(seen) {
    return [...this.acts].flatMap(([author, acts]) => acts.slice(Number.isInteger(seen[author]) ? Math.max(0, seen[author]) : 0));
  }

  /** @param {Omit<Act, 'author' | 'n'>} act @returns {Act | null} */
  #own(act) {
    const whole = { author: this.me, n: (this.acts.get(this.me)?.length ?? 0) + 1, ...act };
    return this.take(whole) === 'new' ? whole : null;
  }

  #lastOwn() {
    return [...this.shown.values()].filter(({ author }) => author === this.me).reduce((/** @type {Line | undefined} */ last, line) => (last && last.n > line.n ? last : line), undefined);
  }

  /** @param {Act} act */
  #do(act) {
    const { author, n } = act;
    if (act.do === 'line') this.#show({ author, n, at: act.at ?? 0, colour: act.colour ?? 0, width: act.width ?? 1, points: [...act.points ?? []] });
    else if (act.do === 'ink') this.#last(author)?.points.push(...act.points ?? []);
    else if (act.do === 'undo') this.shown.delete(key(author, act.line ?? 0));
    else this.#clear(act.seen ?? {});
  }

  /** @param {Line} line */
  #show(line) {
    this.top = Math.max(this.top, line.at);
    this.shown.set(key(line.author, line.n), line);
  }

  /** The line that this author draws on; undefined when somebody cleared it under their pen. @param {string} author */
  #last(author) {
    const begun = this.acts.get(author)?.findLast((act) => act.do === 'line');
    return begun && this.shown.get(key(author, begun.n));
  }

  /** What is cleared is forgotten, only its numbers stay. @param {Seen} seen */
  #clear(seen) {
    for (const [author, n] of Object.entries(seen)) {
      for (const act of this.acts.get(author)?.slice(0, n) ?? []) {
        if (act.points) act.points = [];
        this.shown.delete(key(author, act.n));
      }
    }
  }
}

/**
 * @param {string} author
 * @param {number} n
 */
function key(author, n) {
  return `${n} ${author}`;
}

/** @param {any} given @returns {given is Act} */
function isAct(given) {
  if (given === null || typeof given !== 'object') return false;
  if (typeof given.author !== 'string' || given.author === '' || given.author.length > 64 || !isCount(given.n) || given.n < 1) return false;
  switch (given.do) {
    case 'line': return isCount(given.at) && isCount(given.colour) && given.colour < COLOURS
      && isCount(given.width) && given.width >= WIDTHS.least && given.width <= WIDTHS.most && arePoints(given.points);
    case 'ink': return arePoints(given.points);
    case 'undo': return isCount(given.line);
    case 'clear': return given.seen !== null && typeof given.seen === 'object' && Object.values(given.seen).every(isCount);
    default: return false;
  }
}

/** @param {unknown} value @returns {value is number[]} */
function arePoints(value) {
  return Array.isArray(value) && value.length % 2 === 0 && value.length <= MOST_POINTS
    && value.every((each) => Number.isInteger(each) && Math.abs(each) <= 2 * SIZE.width);
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
