/**
 * Which words help with a problem in this browser: the way out of a refused camera differs from browser to browser.
 */

import { knows } from './words.js';

/**
 * @typedef {'wechat' | 'inapp' | 'ios' | 'android' | 'safari' | 'firefox' | 'edge' | 'chrome'} BrowserKind
 */

/**
 * @param {string} agent  `navigator.userAgent`
 * @returns {BrowserKind}
 */
export function browserKind(agent) {
  if (/MicroMessenger/i.test(agent)) return 'wechat';
  if (/\b(FBAN|FBAV|Instagram|Line|QQ|Weibo|DingTalk|BytedanceWebview|musical_ly|Snapchat|Twitter|LinkedInApp|GSA)\b|; wv\)/i.test(agent)) return 'inapp';
  if (/iPhone|iPad/.test(agent)) return 'ios';
  if (/Android/.test(agent) && !/Firefox\//.test(agent)) return 'android';
  if (/Firefox\//.test(agent)) return 'firefox';
  if (/Edg\//.test(agent)) return 'edge';
  if (/Chrome\//.test(agent)) return 'chrome';
  return /Safari\//.test(agent) ? 'safari' : 'chrome';
}

/**
 * The keys of a problem's title and of what to do about it. A code without words of its own gets general ones.
 * @param {string} code
 * @param {string} [agent]
 * @returns {{title: string, help: string}}
 */
export function problemKeys(code, agent = navigator.userAgent) {
  const title = knows(`problems.${code}`) ? `problems.${code}` : 'problems.unknown';
  const kind = browserKind(agent);
  // Other programs' browsers mostly have no devices to refuse: they look like very old browsers.
  if (code === 'browser-too-old' && (kind === 'wechat' || kind === 'inapp')) return { title: 'problems.inapp', help: `help.denied.${kind}` };
  const denied = code === 'camera-denied' || code === 'microphone-denied' || code === 'devices-denied';
  if (denied) return { title, help: `help.denied.${kind}` };
  return { title, help: knows(`${title}.help`) ? `${title}.help` : 'problems.unknown.help' };
}

/** Whether the way out is another browser. @param {string} help a key from `problemKeys` */
export function isElsewhere(help) {
  return help === 'help.denied.wechat' || help === 'help.denied.inapp';
}

/** Problems that the test page may explain. @param {string} code */
export function isNetwork(code) {
  return code === 'no-connection' || code === 'peer-unreachable';
}

/** Problems of devices that trying again can mend. @param {string} code */
export function canRetry(code) {
  return /-(denied|in-use|missing|lost|failed|dismissed)$/.test(code) || code === 'no-connection';
}
