/**
 * The messages page of the panel: text nodes and safe links only, grouped by who speaks.
 */

import { make, part, stamp } from './dom.js';
import { pieces } from './links.js';
import { currentLanguage, say } from './words.js';

/** @typedef {import('../call/chat.js').ChatMessage} ChatMessage */
/** Messages of one person within this time stand under one name. */
const TOGETHER = 120_000;

export class Chat {
  /**
   * @param {HTMLElement} view  the panel
   * @param {import('../call/call.js').Call} call
   */
  constructor(view, call) {
    this.log = part(view, 'log');
    this.field = part(view, 'message', HTMLTextAreaElement);
    this.empty = part(view, 'chat-empty');
    // Who comes into a call that is on sees nothing of before, and should know that there may be something.
    this.late = call.peers.size > 0;
    if (this.late) say(this.empty, 'chat.before');
    /** @type {ChatMessage | null} */
    this.last = null;
    const form = part(view, 'chat-form', HTMLFormElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      if (!text) return;
      call.talk.write(text);
      this.field.value = '';
      this.field.focus();
    });
    this.field.addEventListener('keydown', (event) => {
      // A composing input method (中文) uses Enter for itself.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    for (const message of call.talk.messages) this.add(message);
  }

  /** @param {ChatMessage} message */
  add(message) {
    const same = this.last !== null && this.last.from === message.from && message.at - this.last.at < TOGETHER;
    const article = stamp('chat-message');
    article.classList.toggle('mine', message.from === 'you');
    article.classList.toggle('same', same);
    if (message.from === 'you') say(part(article, 'from'), 'chat.you');
    else part(article, 'from').textContent = message.name;
    part(article, 'at').textContent = new Intl.DateTimeFormat(currentLanguage(), { timeStyle: 'short' }).format(message.at);
    part(article, 'text').append(...pieces(message.text).map(piece));
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
    this.empty.hidden = !this.late;
    this.log.append(article);
    this.last = message;
    if (atEnd || message.from === 'you') this.toEnd();
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }
}

/**
 * @param {import('./links.js').Piece} one
 * @returns {Node}
 */
function piece({ text, href }) {
  if (!href) return document.createTextNode(text);
  const link = make('a', '', text);
  link.setAttribute('href', href);
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer nofollow');
  link.setAttribute('title', href); // where it really leads, foreign letters as punycode
  return link;
}
